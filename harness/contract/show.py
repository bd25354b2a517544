"""What the contract says of one resource: as data for a program, as text for a person."""

from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any

from harness.contract.fields import Field
from harness.contract.loader import Contract
from harness.contract.resource import FILTER_IGNORED, Operation, Parameter, Resource

WIDTH = 110
MOST_BELOW = 60
"""An object with more fields below it than this is one line for a person; a program gets them all."""
MOST_VALUES = 12
SHORT = frozenset({"access_token"})
"""Query parameters that every data endpoint has."""


def describe(contract: Contract, resource: str, *, platform: str | None = None) -> dict[str, Any]:
    """Everything that the contract says of a resource, JSON-able. With `platform` only what is documented for it, each
    operation with `supported`. Platform lists are null where nothing limits them; `source` says where support is known
    from (see `Support`). Raises ContractError for an unknown resource or platform."""
    found = contract.resource(resource)
    chosen = contract.platform(platform) if platform else None
    return {
        "version": contract.version,
        "resource": found.name,
        "entity": found.entity,
        "domain": found.domain,
        "platform": chosen,
        "wrapper_keys": {
            "list": found.list_key,
            "item": found.item_key,
            "create": found.create_key,
            "update": found.update_key,
        },
        "operations": [_operation(found, item, chosen) for item in found.operations.values()],
        "query": {
            name: [_parameter(item) for item in _query(found.operations[name], chosen)]
            for name in ("list", "get")
            if found.has(name)
        },
        "filterable": {
            "documented": list(found.filterable_documented),
            "inferred": list(found.filterable_inferred),
            "ignored_on": sorted(FILTER_IGNORED) if found.filterable else [],
        },
        "required_on_create": [path for path in found.required_on_create if _on(found.create_fields, path, chosen)],
        "fields": [_field(contract, found, item) for item in _fields(found.fields, chosen)],
        "create_fields": [_field(contract, found, item) for item in _fields(found.create_fields, chosen)],
        "update_fields": [_field(contract, found, item) for item in _fields(found.update_fields, chosen)],
    }


def render(facts: Mapping[str, Any]) -> str:
    """The facts of `describe` as text, at most 110 columns wide, without a line end."""
    place = f" on {facts['platform']}" if facts["platform"] else ""
    lines = [f"{facts['resource']}{place}: {facts['domain']}, contract {facts['version']}"]
    sections = (
        ("Operations", _operation_lines(facts)),
        ("Bodies", _body_lines(facts)),
        ("Query parameters", _query_lines(facts)),
        ("Filter and sort", _filter_lines(facts)),
        ("A row", _field_lines(facts, "fields")),
        ("Create input (* required)", _field_lines(facts, "create_fields")),
        ("Update input (* required)", _field_lines(facts, "update_fields")),
    )
    for title, body in sections:
        told = list(body)
        if told:
            lines += ["", title, *(f"  {line}" for line in told)]
    return "\n".join(line.rstrip() for line in lines)


def _operation(resource: Resource, operation: Operation, platform: str | None) -> dict[str, Any]:
    support = resource.support(operation.name)
    facts = {
        "name": operation.name,
        "method": operation.method,
        "path": operation.path,
        "async": operation.is_async,
        "platforms": _names(support.platforms),
        "source": support.source,
        "sandbox_platforms": _names(operation.sandbox_platforms),
    }
    return facts if platform is None else {**facts, "supported": support.on(platform)}


def _query(operation: Operation, platform: str | None) -> Iterator[Parameter]:
    for item in operation.parameters.values():
        if item.location == "query" and (platform is None or item.on(platform)):
            yield item


def _parameter(item: Parameter) -> dict[str, Any]:
    return {
        "name": item.name,
        "required": item.required,
        "types": sorted(item.types),
        "enum": list(item.enum) if item.enum else None,
        "default": item.default,
        "deprecated": item.deprecated,
        "time_unit": item.time_unit,
        "platforms": _names(item.platforms),
        "platforms_excluded": sorted(item.platforms_excluded),
    }


def _fields(fields: Mapping[str, Field], platform: str | None) -> Iterator[Field]:
    return (field for field in fields.values() if field.on(platform))


def _on(fields: Mapping[str, Field], path: str, platform: str | None) -> bool:
    return path not in fields or fields[path].on(platform)


def _field(contract: Contract, resource: Resource, field: Field) -> dict[str, Any]:
    referred = contract.referenced(field.ref) if field.ref else None
    return {
        "path": field.path,
        "types": sorted(field.types),
        "nullable": field.nullable,
        "required": field.required,
        "enum": list(field.enum) if field.enum else None,
        "format": field.format,
        "refers_to": referred.name if referred else field.ref,
        "money": field.path in resource.money_fields,
        "date": resource.date_fields.get(field.path),
        "read_only": field.path in resource.read_only_fields,
        "deprecated": field.deprecated,
        "minimum": field.minimum,
        "exclusive_minimum": field.exclusive_minimum,
        "min_items": field.min_items,
        "max_length": field.max_length,
        "platforms": _names(field.platforms),
        "platforms_excluded": sorted(field.platforms_excluded),
        "required_on": sorted(field.required_on),
    }


def _names(platforms: Iterable[str] | None) -> list[str] | None:
    return None if platforms is None else sorted(platforms)


def _operation_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    items = facts["operations"]
    widths = [max(len(item[key]) for item in items) for key in ("name", "method", "path")]
    for item in items:
        start = "  ".join(item[key].ljust(width) for key, width in zip(("name", "method", "path"), widths, strict=True))
        source = "inferred" if item["source"] == "inferred" else f"as of {item['source']}"
        if facts["platform"]:
            yield f"{start}  {'yes' if item['supported'] else 'no'} ({source})"
            continue
        yield start
        where = ", ".join(item["platforms"]) if item["platforms"] else "all platforms"
        yield from (f"    {line}" for line in wrap(f"{where} ({source})", WIDTH - 6))


def _body_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    keys = facts["wrapper_keys"]
    if keys["list"]:
        yield f'list answers    {{"{keys["list"]}": ..., "connection": ...}}'
    if keys["item"]:
        yield f'get answers     {{"{keys["item"]}": ..., "connection": ...}}; writes answer without connection'
    for name in ("create", "update"):
        if keys[name]:
            yield f'{name} sends    {{"{keys[name]}": ..., "response_mode": optional}}'


def _query_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    for operation, items in facts["query"].items():
        for item in items:
            if item["name"] not in SHORT:
                notes = "; ".join(_parameter_notes(item, facts["platform"]))
                yield from _wrapped(f"{operation:<5}{item['name']}", notes, 32)


def _parameter_notes(item: Mapping[str, Any], platform: str | None) -> Iterator[str]:
    yield _values(item["enum"]) if item["enum"] else "/".join(item["types"]) or "any"
    if item["time_unit"]:
        yield {"unix-ms": "Unix milliseconds"}.get(item["time_unit"], item["time_unit"])
    if item["default"] is not None:
        yield f"default {item['default']}"
    if item["deprecated"] and platform not in FILTER_IGNORED:
        yield "deprecated: use filter"
    yield from _platform_notes(item, platform)


def _filter_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    filterable = facts["filterable"]
    for kind in ("documented", "inferred"):
        if filterable[kind]:
            yield from _wrapped(kind, ", ".join(filterable[kind]), 12)
    if filterable["ignored_on"]:
        yield f"ignored on  {', '.join(filterable['ignored_on'])}"


def _field_lines(facts: Mapping[str, Any], key: str) -> Iterator[str]:
    fields, read = facts[key], key == "fields"
    folded = _folded([item["path"] for item in fields])
    shown = [item for item in fields if not any(_below(item["path"], path) for path in folded)]
    width = min(max((len(item["path"]) for item in shown), default=0) + 2, 56)
    for item in shown:
        mark = "* " if item["required"] and not read else "  "
        notes = [*_field_notes(item, read=read), *_platform_notes(item, facts["platform"])]
        if item["path"] in folded:
            notes.append(f"{folded[item['path']]:,} fields below it; --json shows them")
        yield from _wrapped(f"{mark}{item['path']}", "; ".join(notes), width + 2)


def _field_notes(item: Mapping[str, Any], *, read: bool) -> Iterator[str]:
    yield "/".join(item["types"]) or "any"
    if item["format"]:
        yield item["format"]
    if item["nullable"]:
        yield "may be null"
    if read and not item["required"]:
        yield "may be absent"
    if item["refers_to"]:
        yield f"id in {item['refers_to']}" if item["refers_to"] != "*" else "id of several kinds"
    if item["money"]:
        yield "money"
    if item["enum"]:
        yield _values(item["enum"])
    limits = (("minimum", "at least"), ("exclusive_minimum", "more than"), ("min_items", "items from"))
    for key, words in (*limits, ("max_length", "characters up to")):
        if item[key] is not None:
            yield f"{words} {item[key]:g}"
    if item["deprecated"]:
        yield "deprecated"
    if item["required_on"] and not read:
        yield f"required on {', '.join(item['required_on'])}"


def _platform_notes(item: Mapping[str, Any], platform: str | None) -> Iterator[str]:
    """The platforms that something is limited to; nothing when one platform is looked at."""
    if platform is not None:
        return
    if item["platforms"] is not None:
        yield f"only {', '.join(item['platforms'])}"
    if item["platforms_excluded"]:
        yield f"not {', '.join(item['platforms_excluded'])}"


def _values(values: list[Any]) -> str:
    shown = ", ".join(str(value) for value in values[:MOST_VALUES])
    more = len(values) - MOST_VALUES
    return f"one of {shown}" + (f" and {more} more" if more > 0 else "")


def _folded(paths: list[str]) -> dict[str, int]:
    """The outermost objects with too many fields below them, and how many."""
    found: dict[str, int] = {}
    for path in paths:
        below = sum(_below(other, path) for other in paths)
        if below > MOST_BELOW and "." in path and not any(_below(path, outer) for outer in found):
            found[path] = below
    return found


def _below(path: str, outer: str) -> bool:
    return path.startswith((f"{outer}.", f"{outer}[]"))


def _wrapped(start: str, text: str, width: int) -> Iterator[str]:
    """`start`, then `text` in a column of its own."""
    head = start.ljust(width)
    rows = wrap(text, WIDTH - 2 - len(head)) or [""]
    yield f"{head}{rows[0]}"
    yield from (f"{' ' * len(head)}{row}" for row in rows[1:])
