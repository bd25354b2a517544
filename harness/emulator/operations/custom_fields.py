"""The generic write with the platform's own fields, and the list of those fields. Source: [S24]."""

from typing import Any

from harness.emulator.errors import not_supported
from harness.emulator.messages import Incoming, Json
from harness.emulator.multipart import is_multipart
from harness.emulator.operations.registry import Call, Document, reads, writes
from harness.emulator.router import Match
from harness.emulator.validity import json_body
from harness.emulator.writing import Act

ABOUT = "a sample of the shape alone is known [S24]; what is stored and how fields are told of is inferred"
STORED = "custom_entity"
LINE = "line_items"


def is_generic(request: Incoming, match: Match) -> bool:
    """Whether a create of bills, invoices... is the generic one: both have the same path, the body is not wrapped
    (INFERRED)."""
    resource, operation = match.resource, match.operation
    if resource is None or operation is None or operation.name != "create" or resource.create_key is None:
        return False
    if b"other_entity_fields" not in request.body or is_multipart(request):
        return False
    body = json_body(request.body)
    return isinstance(body, dict) and resource.create_key not in body and "other_entity_fields" in body


def _known(call: Call) -> str:
    """The entity type of the path; ApiError 404 for one that the operation does not have."""
    kind = call.values["entityType"]
    allowed = call.operation.parameters["entityType"].enum
    if allowed is not None and kind not in allowed:
        raise not_supported(call.api.settings, f"{kind} with custom fields")
    return kind


@writes("custom_fields", "create", fidelity="inferred", about=ABOUT)
def create(call: Call) -> Act:
    """`POST /accounting/{entityType}`: what was sent comes back, custom fields as the platform names them."""
    kind = _known(call)
    body = call.sent()

    def act() -> Any:
        lines = body[LINE]
        own = body.get("custom_fields") or {}
        shown = {
            "other_entity_fields": body["other_entity_fields"],
            LINE: [{"other_line_item_fields": line["other_line_item_fields"]} for line in lines],
            "platform_data": {
                "custom_field_key": str(own.get("custom_field_key", "")),
                "other_platform_fields": body["other_entity_fields"],
                "sublist_key": [_sublist(line) for line in lines],
            },
        }
        call.keep(STORED, {"id": call.api.ids(), "kind": kind, "fields": own, "body": shown})
        return shown

    return act


def _sublist(line: Document) -> Document:
    own = line.get("custom_fields") or {}
    return {
        "line_item_custom_field_key": str(own.get("line_item_custom_field_key", "")),
        "other_sublist_fields": line["other_line_item_fields"],
    }


@reads("custom_fields", "get_custom_fields", fidelity="inferred", about=ABOUT)
def known_fields(call: Call) -> Json:
    """`GET /accounting/{entityType}/custom_fields`: the fields of the account, and those that writes have used."""
    kind = _known(call)
    used = sorted({name for row in call.things(STORED) if row["kind"] == kind for name in row["fields"]})
    names = list(dict.fromkeys(("custbody_department", "custbody_approved", *used)))
    return Json({"custom_fields": {"entity": [_field(name) for name in names],
                                   "entity.line_items": [_field("custcol_project")]}})  # fmt: skip


def _field(key: str) -> Document:
    return {
        "key": key,
        "name": key.partition("_")[2].replace("_", " ") or key,
        "description": "",
        "type": "string",
        "required": False,
        "options": [],
        "default": None,
    }
