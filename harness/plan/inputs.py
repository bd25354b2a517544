"""Inputs made from the contract, as templates: the smallest accepted create, each optional input, changes.

What the contract cannot say (which rows belong together, what a platform refuses) stands in `harness.plan.meaning`,
which value a single field gets in `harness.plan.values`.
"""

import copy
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from harness.contract import Contract, Field, Resource
from harness.plan.meaning import BANK, CHANGED_AMOUNT, ITEM, LEFT_OUT, LINES, MINIMAL, SEVERAL, TOGETHER
from harness.plan.values import BY_PATH, scalar

Fields = Mapping[str, Field]

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "bank_transfers": {
        "credit_account_id": BANK,
        "debit_account_id": {**BANK, "skip": 1},
        "total_amount": CHANGED_AMOUNT,
    },
    "orders": {"status": "archived"},
    "sales_orders": {
        "line_items": [
            {"item": {"id": ITEM, "quantity": 3, "unit_amount": 329.25}, "description": {"$unique": "changed "}}
        ]
    },
}
"""Update values per resource beside the generated ones. A transfer's update repeats its accounts. Source: [S24]."""

UNKNOWN_ID = "00000000-0000-4000-8000-00000000dead"
"""The id of no object."""

UNCHANGED = frozenset({"status", "type", "currency_code", "currency", "currency_rate", "expense_type"})
"""Not changed by a generated update: platforms allow these only from certain states."""


def minimal_input(contract: Contract, resource: str, platform: str) -> dict[str, Any]:
    """The smallest create body that a faithful API accepts on `platform`, as a template without the wrapper.

    Holds every required input, nested ones and those that only this platform requires, and what a platform refuses to
    do without. Same arguments, same body; the caller owns it.
    """
    found = contract.resource(resource)
    known = dict(MINIMAL.get(found.name, {}))
    if found.name in LINES:
        known["line_items"] = [_line(found, platform)]
    body: dict[str, Any] = {}
    for path, field in found.create_fields.items():
        if "." in path or not field.on(platform):
            continue
        if path in known:
            body[path] = on_platform(known[path], path, found.create_fields, platform)
        elif _required(found, field, platform):
            body[path] = whole(contract, found, field, platform, found.create_fields, required_only=True)
    return copy.deepcopy(body)


def optional_inputs(contract: Contract, resource: str, platform: str) -> dict[str, Any]:
    """Each optional create input on `platform`: dotted path -> template, for `put`.

    `line_items[].description` is the first line's. Objects and lists of objects that a smallest create does not have
    are one input each (`line_items[].item`, `addresses`); inputs of `additional_fields` stand alone. An input that
    needs others beside it is a `$together`. Left out: what is deprecated, what refers to a list that the platform does
    not have, and `LEFT_OUT`.
    """
    found = contract.resource(resource)
    minimal = minimal_input(contract, resource, platform)
    wanted: dict[str, Any] = {}
    for path, field in found.create_fields.items():
        if not field.on(platform) or field.deprecated or left_out(found.name, path):
            continue
        if has(minimal, path) or any(path.startswith((f"{other}.", f"{other}[]")) for other in wanted):
            continue
        if not _reachable(minimal, path) or field.name == "additional_fields" or (found.name, path) in SEVERAL:
            continue
        value = whole(contract, found, field, platform, found.create_fields)
        if value is not None:
            together = _with_others(found, path, value, platform)
            if _answerable(contract, together, platform):
                wanted[path] = together
    return copy.deepcopy({**dict(_several(contract, found, platform, minimal)), **wanted})


def _several(
    contract: Contract, resource: Resource, platform: str, minimal: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Lists with more than one element, as inputs of their own beside those of what their elements hold."""
    fields = resource.create_fields
    for path, field in fields.items():
        known = SEVERAL.get((resource.name, path))
        if known is not None and field.on(platform):
            value = on_platform(known, path, fields, platform)
            if _answerable(contract, value, platform):
                yield path, value
        elif path in MANY and path in minimal:
            yield path, [*minimal[path], *whole(contract, resource, field, platform, fields, other=True)]


def changes(contract: Contract, resource: str, platform: str) -> dict[str, Any]:
    """An update body, without the wrapper: what can be changed and read back under the same name, with values that
    differ from those of a create. Empty when the platform lets nothing be changed."""
    found = contract.resource(resource)
    body: dict[str, Any] = {}
    for path, field in found.update_fields.items():
        if not field.on(platform) or field.deprecated:
            continue
        if path.startswith("additional_fields.") and path.count(".") == 1 and _changeable_text(found, field, platform):
            value = whole(contract, found, field, platform, found.update_fields, other=True)
            if value is not None:
                body.setdefault("additional_fields", {})[field.name] = value
        if "." in path:
            continue
        special = CHANGES.get(found.name, {})
        if path in special:
            body[path] = on_platform(special[path], path, found.update_fields, platform)
        elif _changeable(found, field, platform):
            value = whole(contract, found, field, platform, found.update_fields, other=True)
            if value is not None:
                body[path] = value
    return copy.deepcopy(body)


def put(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of `body` with an optional input in it; missing objects are made, `[]` means the first element.

    `{$together: {path: value}}` puts all of its paths; None takes a path out. Works on templates and on filled bodies.
    """
    made = copy.deepcopy(body)
    several = value.get("$together") if isinstance(value, dict) else None
    for where, what in (several if several is not None else {path: value}).items():
        _set(made, where, copy.deepcopy(what))
    return made


def like(before: Any, amount: Decimal) -> str | float:
    """An amount in the form that another one has: text or number."""
    return str(amount) if isinstance(before, str) else float(amount)


def has(body: Any, path: str) -> bool:
    """Whether a body has something at a dotted path; `[]` means the first element."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    if not isinstance(body, dict) or name not in body or is_directive(body):
        return False
    value = body[name]
    if head.endswith("[]"):
        if not isinstance(value, list) or not value:
            return False
        value = value[0]
    return has(value, rest) if rest else True


def without(body: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A copy of `body` without what is at `path`; `[]` means every element."""
    made = copy.deepcopy(dict(body))
    _take(made, path)
    return made


def _take(body: Any, path: str) -> None:
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    if not isinstance(body, dict) or name not in body:
        return
    if not rest:
        body.pop(name)
        return
    for item in body[name] if isinstance(body[name], list) else [body[name]]:
        _take(item, rest)


def is_directive(value: Any) -> bool:
    """Whether a template's mapping is a directive such as `{$ref: vendors}`."""
    return isinstance(value, dict) and any(str(key).startswith("$") for key in value)


def on_platform(value: Any, path: str, fields: Fields, platform: str) -> Any:
    """An input's value without the keys below it that the contract or the platform does not have."""
    if isinstance(value, list):
        return [on_platform(item, f"{path}[]", fields, platform) for item in value]
    if not isinstance(value, dict) or is_directive(value):
        return value
    return {
        name: on_platform(item, f"{path}.{name}", fields, platform)
        for name, item in value.items()
        if f"{path}.{name}" in fields and fields[f"{path}.{name}"].on(platform)
    }


def optional_on_platform(value: Any, path: str, fields: Fields, platform: str) -> Any:
    """An optional input's value without what the contract or the platform does not have, also inside `$together`."""
    several = value.get("$together") if isinstance(value, dict) else None
    if several is None:
        return on_platform(value, path, fields, platform)
    return {
        "$together": {
            where: on_platform(what, where, fields, platform)
            for where, what in several.items()
            if where in fields and fields[where].on(platform)
        }
    }


def _set(body: dict[str, Any], path: str, value: Any) -> None:
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    if head.endswith("[]"):
        elements = body.setdefault(name, [{}])
        if rest:
            _set(elements[0], rest, value)
        else:
            elements[0] = value
    elif rest:
        _set(body.setdefault(name, {}), rest, value)
    elif value is None:
        body.pop(name, None)
    else:
        body[name] = value


def _line(resource: Resource, platform: str) -> Any:
    """The first of the resource's lines that the platform takes whole, else what it takes of the first."""
    fields = resource.create_fields
    for line in LINES[resource.name]:
        if on_platform(line, "line_items[]", fields, platform) == line:
            return line
    return on_platform(LINES[resource.name][0], "line_items[]", fields, platform)


def _required(resource: Resource, field: Field, platform: str) -> bool:
    return field.required or field.path in resource.required_on_create or platform in field.required_on


def _children(field: Field, fields: Fields) -> Iterator[Field]:
    prefix = f"{field.path}[]" if field.is_array else field.path
    return (child for child in fields.values() if child.parent == prefix)


def whole(
    contract: Contract,
    resource: Resource,
    field: Field,
    platform: str,
    fields: Fields,
    *,
    required_only: bool = False,
    other: bool = False,
) -> Any:
    """A template for a field with everything below it; None when nothing can be sent."""
    children = list(_children(field, fields)) if field.is_array or field.is_object else []
    if not children:
        return scalar(contract, resource, field, platform, other=other)
    if (resource.name, field.path) in BY_PATH:
        known = scalar(contract, resource, field, platform, other=other)
        return on_platform(known, field.path, fields, platform) or None
    made: dict[str, Any] = {}
    for child in children:
        wanted = child.required or platform in child.required_on or not required_only
        if not wanted or not child.on(platform) or child.deprecated or left_out(resource.name, child.path):
            continue
        value = whole(contract, resource, child, platform, fields, required_only=required_only, other=other)
        if value is not None:
            made[child.name] = value
        elif child.required:
            return None
    if not made:
        return None
    if not field.is_array:
        return made
    if _has_several(resource, field) and not other and not required_only:
        second = whole(contract, resource, field, platform, fields, required_only=required_only, other=True)
        return [made, *(second or ())]
    return [made] * max(1, field.min_items or 1)


def _has_several(resource: Resource, field: Field) -> bool:
    return field.name in MANY or (field.name == "addresses" and resource.name in SHIPPED_TO)


MANY = frozenset({"images", "variants"})
"""Lists of objects that have more than one element as a rule."""

SHIPPED_TO = frozenset({"customers", "invoices", "sales_orders", "sales_receipts"})
"""What has an address for the bill and one for the goods: of two, a careless platform keeps one. Source: [S24] type of
addresses."""


def _with_others(resource: Resource, path: str, value: Any, platform: str) -> Any:
    """The value alone, or together with what has to be sent beside it."""
    others = TOGETHER.get((resource.name, path))
    if others is None:
        return value
    together: dict[str, Any] = {"$together": {where: what for where, what in others.items() if where != path}}
    together["$together"][path] = others.get(path, value)
    return optional_on_platform(together, path, resource.create_fields, platform)


def _answerable(contract: Contract, value: Any, platform: str) -> bool:
    """Whether every list that a template takes rows from can be read on the platform."""
    if isinstance(value, list):
        return all(_answerable(contract, item, platform) for item in value)
    if not isinstance(value, dict):
        return True
    if "$ref" in value and not contract.resource(value["$ref"]).supports("list", platform):
        return False
    return all(_answerable(contract, item, platform) for item in value.values())


def _reachable(minimal: dict[str, Any], path: str) -> bool:
    """Whether an input can stand on its own: its parent is at the top, in `additional_fields`, or already sent."""
    parent = path.rpartition(".")[0]
    while parent:
        if has(minimal, parent):
            return True
        if parent.rpartition(".")[2] != "additional_fields":
            return False
        parent = parent.rpartition(".")[0]
    return True


def left_out(resource: str, path: str) -> bool:
    """Whether an input is one that is not generated."""
    return any(path == name or path.startswith((f"{name}.", f"{name}[]")) for name in LEFT_OUT.get(resource, ()))


def _changeable_text(resource: Resource, field: Field, platform: str) -> bool:
    """Whether a text below the top can be changed and read back: an amount there would change totals as well."""
    return field.types <= {"string", "null"} and _changeable(resource, field, platform)


def _changeable(resource: Resource, field: Field, platform: str) -> bool:
    read = resource.fields.get(field.path)
    if read is None or not read.on(platform) or field.ref:
        return False
    if field.name in UNCHANGED or left_out(resource.name, field.path):
        return False
    return not (field.is_array or field.is_object) or field.name == "addresses"
