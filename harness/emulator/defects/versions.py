"""Defects of an API that answers as another version of it does, or as its sandbox. Source: facts, traps 3, 23, 32, 38."""

import json
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import Row, answers, look, rows
from harness.emulator.messages import Answer


def _rate_as_number(row: Row) -> None:
    """A text in 2024-08-31."""
    if isinstance(row.get("currency_rate"), str):
        row["currency_rate"] = float(row["currency_rate"])


def _wrap_deleted(_scene: Any, body: Any, _answer: Any) -> None:
    """As 2023-03-14 shows it."""
    told = dict(body)
    body.clear()
    body["deleted_bill"] = told


def _token_for_jobs(_api: Any, request: Any) -> Any:
    """Every version takes none."""
    if request.path.startswith("/jobs/") and request.param("access_token") is None:
        body = {"error_type": "API_REQUEST_ERROR", "error_code": "MISSING_ACCESS_TOKEN",
                "error_message": "access_token is required."}  # fmt: skip
        return Answer(400, json.dumps(body).encode())
    return None


def _forget_created(api: Any, request: Any, answer: Any) -> None:
    """The sandbox echoes what was sent and keeps nothing."""
    scene = look(api, request)
    if scene is None or (scene.resource.name, scene.operation.name, answer.status) != ("bills", "create", 200):
        return
    made = json.loads(answer.content).get("bill")
    if isinstance(made, dict):
        connection = api.organisation.by_token(request.param("access_token"))
        api.store.remove(connection["id"], "bills", made["id"])


register("rate_as_number", "currency_rate is a number", ("fields.type",), spoil=rows(_rate_as_number))
register("delete_wrapped", "a delete answers under deleted_bill", ("roundtrip.deleted",),
         spoil=answers(_wrap_deleted, operations=("delete",)))  # fmt: skip
register("job_needs_token", "a job cannot be read without an access token", ("jobs.end",), hear=_token_for_jobs)
register("create_forgotten", "a create is answered and nothing is kept", ("roundtrip.found",),
         spoil=_forget_created)  # fmt: skip
