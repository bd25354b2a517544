"""Inputs made from the contract, as templates: the smallest accepted create, each optional input, changes.

What the contract cannot say (which rows belong together, what a platform refuses) stands in `harness.plan.meaning`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.contract import Contract, Field, Resource
from harness.plan.meaning import CHANGES, LEFT_OUT, MINIMAL, VALUES, account_reference

AMOUNT = 125.5
OTHER_AMOUNT = 341.25


def minimal_input(contract: Contract, resource: str, platform: str) -> dict[str, Any]:
    """The smallest create body that a faithful API accepts on `platform`, as a template without the wrapper."""
    found = contract.resource(resource)
    known = MINIMAL.get(resource)
    body: dict[str, Any] = {}
    for path in _required(found, platform):
        if "." not in path and path not in (known or {}):
            body[path] = _value(contract, found, found.create_fields[path], platform, found.create_fields)
    if known:
        body |= {name: value for name, value in known.items() if _allowed(found, name, platform)}
    return body


def optional_inputs(contract: Contract, resource: str, platform: str) -> dict[str, Any]:
    """Each optional input on `platform`: dotted path (`line_items[].description` means the first line) to template.

    Objects are given by their leaves. Inputs that only make sense together with others are left out (see `LEFT_OUT`).
    """
    found = contract.resource(resource)
    minimal = minimal_input(contract, resource, platform)
    wanted: dict[str, Any] = {}
    for path, field in found.creatable_on(platform).items():
        if path in LEFT_OUT.get(resource, ()) or _has(minimal, path) or not _leaf(field):
            continue
        if field.deprecated or path.count("[]") > 1:
            continue
        outer = path.partition("[]")[0]
        if "[]" in path and not isinstance(minimal.get(outer), list):
            continue
        value = _value(contract, found, field, platform, found.create_fields)
        if value is not None:
            wanted[path] = value
    return wanted


def changes(contract: Contract, resource: str, platform: str) -> dict[str, Any]:
    """An update body: every scalar field of the update schema that reads back under the same name, with values that
    differ from those of a create."""
    found = contract.resource(resource)
    wanted: dict[str, Any] = {}
    for path, field in found.update_fields.items():
        if "." in path or "[]" in path or not field.on(platform) or not _leaf(field) or field.deprecated:
            continue
        if path in CHANGES.get(resource, {}):
            wanted[path] = CHANGES[resource][path]
            continue
        read = found.fields.get(path)
        if read is None or not read.on(platform) or path in LEFT_OUT.get(resource, ()) or field.ref:
            continue
        value = _value(contract, found, field, platform, found.update_fields, other=True)
        if value is not None:
            wanted[path] = value
    return wanted


def _required(resource: Resource, platform: str) -> Iterator[str]:
    for path, field in resource.create_fields.items():
        if path in resource.required_on_create or (platform in field.required_on and "." not in path):
            yield path


def _allowed(resource: Resource, name: str, platform: str) -> bool:
    field = resource.create_fields.get(name)
    return field is None or field.on(platform)


def _leaf(field: Field) -> bool:
    return not (field.is_object or field.is_array) and bool(field.types)


def _has(body: Any, path: str) -> bool:
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    if not isinstance(body, dict) or name not in body:
        return False
    if not rest:
        return True
    value = body[name]
    if head.endswith("[]"):
        return isinstance(value, list) and bool(value) and _has(value[0], rest)
    return _has(value, rest)


def _value(
    contract: Contract,
    resource: Resource,
    field: Field,
    platform: str,
    fields: Mapping[str, Field],
    *,
    other: bool = False,
) -> Any:
    """A template for one field; None when nothing sensible can be sent."""
    special = VALUES.get((resource.name, field.path)) or VALUES.get(("*", field.name))
    if special is not None:
        return special[1] if other else special[0]
    if field.is_array:
        return _array(contract, resource, field, platform, fields)
    if field.is_object:
        return {
            child.name: _value(contract, resource, child, platform, fields)
            for path, child in fields.items()
            if child.parent == field.path and child.required
        } or None
    if field.ref is not None:
        return _reference(contract, resource, field, platform)
    return _scalar(field, other)


def _array(
    contract: Contract, resource: Resource, field: Field, platform: str, fields: Mapping[str, Field]
) -> Any:
    children = [child for child in fields.values() if child.parent == f"{field.path}[]"]
    if not children:
        return None
    item = {
        child.name: _value(contract, resource, child, platform, fields)
        for child in children
        if child.required and child.on(platform)
    }
    return [item] * max(1, field.min_items or 1)


def _reference(contract: Contract, resource: Resource, field: Field, platform: str) -> Any:
    referred = contract.referenced(field.ref or "")
    if referred is None or not referred.supports("list", platform):
        return None
    if referred.name == "accounts":
        return account_reference(resource.name, field.path)
    return {"$ref": referred.name}


def _scalar(field: Field, other: bool) -> Any:
    if field.enum:
        usable = [value for value in field.enum if value not in {"unknown", "UNKNOWN"}]
        return usable[1 if other and len(usable) > 1 else 0] if usable else None
    if field.format == "date-time":
        return {"$date": "2024-04-30" if other else "2024-03-15"}
    if field.format == "date":
        return "2024-04-30" if other else "2024-03-15"
    if field.format == "email":
        return "changed@example.com" if other else "golive@example.com"
    if field.format == "uuid":
        return None
    if "boolean" in field.types:
        return not other
    if "integer" in field.types:
        return 9 if other else 7
    if "number" in field.types:
        return OTHER_AMOUNT if other else AMOUNT
    if "string" in field.types:
        return {"$unique": "changed " if other else "golive "}
    return None
