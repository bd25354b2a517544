"""`/_emulator/**`: what a test may do to the double beside the API. Never part of the API."""

import json
from collections.abc import Callable
from typing import Any

from harness.emulator.answering import Api
from harness.emulator.errors import invalid_request, unknown_path
from harness.emulator.faults import FAULTS, Faults
from harness.emulator.messages import Incoming
from harness.errors import UsageError

Switch = Callable[[list[str]], None]
Tell = Callable[[], list[dict[str, Any]]]


async def administer(api: Api, request: Incoming, switch: Switch, tell: Tell, faults: Faults) -> Any:
    """Handle one request; ApiError for what is not understood. `switch` puts defects on, `tell` says what they met."""
    try:
        body = json.loads(request.body) if request.body else {}
    except ValueError:
        raise invalid_request("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid_request("The body is a JSON object.")
    head, *rest = request.path.removeprefix("/_emulator/").split("/")
    match (request.method, head):
        case ("GET", "health"):
            return {"ready": True}
        case ("POST", "defects"):
            switch([str(name) for name in body.get("names", [])])
            return {"success": True}
        case ("GET", "defects"):
            return {"met": tell()}
        case (_, "faults"):
            return _faults(faults, request.method, body)
        case ("GET", "clock"):
            return api.world.timekeeper.shown()
        case (_, "webhooks"):
            with api.store.transaction():
                return api.world.webhooks.handle(request.method, rest, body, dict(request.query))
        case ("POST", "clock"):
            return await api.world.timekeeper.administer(body)
    with api.store.transaction():
        return _world(api, request.method, head, rest, body)


def _faults(faults: Faults, method: str, body: dict[str, Any]) -> Any:
    """`GET` what there is and what is on; `POST {"on": ["drop:p=0.1"]}` switches these on and all others off."""
    if method == "POST":
        try:
            faults.switch([str(text) for text in body.get("on", [])])
        except UsageError as error:
            raise invalid_request(str(error), field="on") from None
    return {"on": faults.shown(), "known": {name: fault.about for name, fault in FAULTS.items()}}


def _world(api: Api, method: str, head: str, rest: list[str], body: dict[str, Any]) -> Any:
    """What happens outside the API: at the end user's, at the platform's."""
    match (method, head, rest):
        case ("POST", "link", []):
            return api.world.link(str(body.get("platform", "QUICKBOOKS")))
        case ("POST", "connection_state", []):
            return api.world.lifecycle.set_state(str(body.get("id")), str(body.get("status")), body.get("reason"))
        case ("POST", "connections", [id, "authenticate"]):
            api.world.lifecycle.authenticate(api.organisation.by_id(id), body.get("platform"))
            return {"success": True}
        case ("POST", "connections", [id, "failing"]):
            return api.world.lifecycle.fail_syncs(id, body.get("reason"), str(body.get("ends_as", "disabled")))
        case ("GET", "platform", [whose, resource, id]):
            return api.world.software.view(api.organisation.by_name(whose), resource, id)
        case (_, "platform", [whose, resource, *more]) if len(more) < 2:
            return api.world.software.edit(
                method, api.organisation.by_name(whose), resource, more[0] if more else None, body
            )
    raise unknown_path()
