"""`/_emulator/**`: what a test may do to the double beside the API. Never part of the API."""

import json
from collections.abc import Callable
from typing import Any

from harness.emulator.answering import Api, Incoming
from harness.emulator.errors import invalid_request, unknown_path

Switch = Callable[[list[str]], None]


def administer(api: Api, request: Incoming, switch: Switch) -> Any:
    """Handle one request; ApiError for what is not understood."""
    try:
        body = json.loads(request.body) if request.body else {}
    except ValueError:
        raise invalid_request("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid_request("The body is a JSON object.")
    match (request.method, request.path.removeprefix("/_emulator")):
        case ("GET", "/health"):
            return {"ready": True}
        case ("POST", "/defects"):
            switch([str(name) for name in body.get("names", [])])
            return {"success": True}
        case ("POST", "/faults"):
            fault = {"status": int(body.get("status", 500)), "count": int(body.get("count", 1)),
                     "operation_id": body.get("operation_id"), "platform": body.get("platform")}  # fmt: skip
            api.faults.append(fault)
            return {"success": True}
        case ("POST", "/link"):
            return api.organisation.link(str(body.get("platform", "QUICKBOOKS")))
        case ("POST", "/connection_state"):
            return api.organisation.set_state(str(body.get("id")), str(body.get("status")), body.get("reason"))
    raise unknown_path()
