"""Defects of access that show on one way in only: by method, by single object, through a reference, after an expansion."""

import json
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import look, queries, without


def _first_token(api: Any, request: Any, methods: tuple[str, ...]) -> None:
    """An unknown access token is that of the first connection, for these methods on one object."""
    scene = look(api, request)
    tokens = [item["access_token"] for item in api.organisation.connections.values()]
    unknown = request.param("access_token") not in {*tokens, None}
    if scene is not None and "id" in scene.values and request.method in methods and unknown:
        request.query = [(name, tokens[0] if name == "access_token" else value) for name, value in request.query]


def _own_vendor(api: Any, request: Any) -> None:
    """A bill of another connection's vendor is taken as one of the first own vendor."""
    scene = look(api, request)
    token = request.param("access_token")
    connection = next((item for item in api.organisation.connections.values() if item["access_token"] == token), None)
    if scene is None or scene.resource.name != "bills" or scene.operation.name != "create" or connection is None:
        return
    try:
        body = json.loads(request.body)
    except ValueError:
        return
    bill = body.get("bill") if isinstance(body, dict) else None
    if not isinstance(bill, dict):
        return
    vendor, others = bill.get("vendor_id"), [id for id in api.organisation.connections if id != connection["id"]]
    if isinstance(vendor, str) and any(api.store.get(id, "vendors", vendor) is not None for id in others):
        first = {name: api.store.all(connection["id"], name)[0].document["id"] for name in ("vendors", "accounts")}
        bill["vendor_id"] = first["vendors"]
        bill["line_items"] = [{"account_id": first["accounts"], "total_amount": 10}]
        request.body = json.dumps(body).encode()


def _no_false(api: Any, request: Any) -> Any:
    from harness.emulator.messages import Answer

    scene = look(api, request)
    if scene is None or scene.resource.name != "bills" or request.param("force_fetch") != "false":
        return None
    return Answer(400, b'{"error_type":"API_REQUEST_ERROR","error_code":"INVALID_REQUEST","error_message":"no false"}')


def _copy(api: Any, request: Any, answer: Any) -> None:
    """Beside the bill that an update changed, another one with its memo."""
    scene = look(api, request)
    if scene is None or scene.resource.name != "bills" or scene.operation.name != "update" or answer.status != 200:
        return
    bill = json.loads(answer.content).get("bill") or {}
    made = {name: bill.get(name) for name in ("vendor_id", "issue_date", "currency_code", "memo")}
    made["line_items"] = [{"account_id": line.get("account_id"), "total_amount": 10} for line in bill["line_items"][:1]]
    headers = {name: value for name, value in request.headers.items() if name != "idempotency-key"}
    path = request.path.rpartition("/")[0]
    body = json.dumps({"bill": made}).encode()
    api.answer(type(request)("POST", path, list(request.query), headers, body, request.url))


register("update_copies", "an update makes a second bill with the new memo", ("roundtrip.copied",), spoil=_copy)
register("single_for_any_token", "an unknown access token reads single objects of another connection", ("errors.auth",),
         hear=lambda api, request: _first_token(api, request, ("GET",)))  # fmt: skip
register("update_for_any_token", "an unknown access token updates and deletes what another connection has",
         ("errors.auth",), hear=lambda api, request: _first_token(api, request, ("PATCH", "DELETE")))  # fmt: skip
register("foreign_vendor_accepted", "a bill of another tenant's vendor is accepted", ("errors.foreign_reference",),
         hear=_own_vendor)  # fmt: skip
register("filter_lost_by_expand", "filter does nothing beside expand", ("queries.filter",),
         hear=queries(lambda query: without("filter")(query) if any(name == "expand" for name, _ in query) else query))  # fmt: skip
register("force_fetch_false_refused", "force_fetch=false is refused", ("queries.force_fetch",), hear=_no_false)
