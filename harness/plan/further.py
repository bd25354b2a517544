"""What else an update can change, beside what the plans change: references, nested objects, states without effects."""

import copy
from collections.abc import Container, Mapping
from typing import Any

from harness.contract import Contract, Field, Resource
from harness.plan.inputs import has, left_out, on_platform, whole
from harness.plan.values import reference

ENDS = ("inactive", "archived")
"""A status that knows `active` and one of these can be changed at any time; others are steps of a document's life."""

BOUND = frozenset({"currency_code", "currency", "currency_rate", "subsidiary_id", "subsidiaries", "line_items"})
"""Not changed by themselves: what a document was posted in, and the lines, which have cases of their own."""

PARTIES = frozenset({"vendor_id", "customer_id"})
READ_AS = {"additional_fields.parent_id": "parent_id"}
"""Inputs that are read back under another name. Source: [S24] customers."""
PAID = frozenset({"linked_bills", "linked_invoices"})
"""Whom a document is with: bound where it takes money off another document of the same party."""


def further_changes(
    contract: Contract, resource: str, platform: str, changes: Mapping[str, Any], skip: Container[str] = ()
) -> dict[str, Any]:
    """Dotted input -> template of a value that differs from that of a create, for what a PATCH takes beside `changes`
    and lets be read back under the same name. A reference is to the second row that fits."""
    found = contract.resource(resource)
    wanted: dict[str, Any] = {}
    for path, field in found.update_fields.items():
        if ("." in path and path not in READ_AS) or has(changes, path) or path in skip:
            continue
        if not field.on(platform) or not _free(found, field, platform):
            continue
        value = _value(contract, found, field, platform)
        if value is not None:
            wanted[path] = value
    return copy.deepcopy(wanted)


def _free(resource: Resource, field: Field, platform: str) -> bool:
    read = resource.fields.get(READ_AS.get(field.path, field.path))
    if read is None or not read.on(platform) or field.deprecated or left_out(resource.name, field.path):
        return False
    if field.path in BOUND or field.path.startswith("linked_"):
        return False
    return not (field.path in PARTIES and PAID & set(resource.create_fields))


def _value(contract: Contract, resource: Resource, field: Field, platform: str) -> Any:
    if field.path in {"status", "type", "expense_type"}:
        ends = [value for value in ENDS if value in (field.enum or ())]
        return ends[0] if ends and "active" in (field.enum or ()) else None
    if field.path == "issue_date":
        return {"$date": "2024-01-01"}  # before any date on which the document is due
    if field.ref is not None and not field.is_array:
        return _other_rows(reference(contract, resource, field, platform))
    value = whole(contract, resource, field, platform, resource.update_fields, other=True)
    return _other_rows(on_platform(value, field.path, resource.update_fields, platform))


def _other_rows(value: Any) -> Any:
    """The value with every reference to the second row that fits: the first is what a create names."""
    if isinstance(value, list):
        return [_other_rows(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return {"skip": 1, **value}
    return {name: _other_rows(item) for name, item in value.items()}
