"""A write body held against the contract: what Rutter itself rejects with 400, before anything is accepted."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import orjson

from harness.contract import Contract, Resource
from harness.contract.fields import Field
from harness.emulator.errors import invalid_request
from harness.emulator.settings import EmulatorSettings

LENIENT = frozenset({"format"})
MODES = ("prefer_sync", "async")


def _no_json(constant: str) -> Any:
    """NaN and the infinities are no JSON, whatever the library reads."""
    raise ValueError(constant)


DECODER = json.JSONDecoder(parse_constant=_no_json)
LONG_NUMBER = re.compile(rb"\d{19}")
"""A body with one is read by the library: orjson makes a double of a whole number beyond 64 bits."""


def json_body(content: bytes) -> Any:
    """The JSON of a body; None when it is empty; ApiError 400 when it is not JSON, or null."""
    try:
        body = _parsed(content) if content else None
    except ValueError:
        raise invalid_request("The body is not JSON.") from None
    if content and body is None:
        raise invalid_request("The body is null.")
    return body


def _parsed(content: bytes) -> Any:
    """What orjson refuses (other encodings than UTF-8, halves of surrogate pairs) may still be JSON to the library."""
    if LONG_NUMBER.search(content) is None:
        try:
            return orjson.loads(content)
        except ValueError:
            return _slowly(content)
    return _slowly(content)


def _slowly(content: bytes) -> Any:
    return DECODER.decode(content.decode(json.detect_encoding(content)))


def checked_mode(body: Any) -> None:
    """ApiError 400 for a body that is no object, or has an unknown response mode."""
    if body is not None and not isinstance(body, dict):
        raise invalid_request("The body is not a JSON object.")
    if body is not None and "response_mode" in body and body["response_mode"] not in MODES:
        raise invalid_request("response_mode is prefer_sync or async.", field="response_mode")


def inner_body(
    contract: Contract,
    settings: EmulatorSettings,
    resource: Resource,
    operation: str,
    platform: str,
    body: Any,
) -> Mapping[str, Any]:
    """The object inside the wrapper, valid for the operation; ApiError 400 otherwise."""
    checked_mode(body)
    if body is None:
        raise invalid_request("The body is not a JSON object.")
    wrapper = resource.create_key if operation == "create" else resource.update_key
    inner = body.get(wrapper) if wrapper else {key: value for key, value in body.items() if key != "response_mode"}
    if not isinstance(inner, dict):
        raise invalid_request(f'The body needs an object "{wrapper}".', field=wrapper)
    name = resource.create_schema_name if operation == "create" else resource.update_schema_name
    if name is not None:
        for problem in contract.validator(name).problems(inner):
            if problem.keyword == "format" and settings.date_only_input and _is_day(inner, problem.path):
                continue
            raise invalid_request(f"{problem.path or wrapper}: {problem.message}", field=problem.path)
    if operation == "create":
        _required_on(contract, resource, platform, inner)
    return inner


def _required_on(contract: Contract, resource: Resource, platform: str, body: Mapping[str, Any]) -> None:
    """Fields that one platform demands. Source: [S24] x-required-on."""
    for path, field in _demanded(contract, resource.name, platform):
        for parent in _parents(body, field.parent):
            if parent.get(field.name) is None:
                raise invalid_request(f"{path} is required on {platform}.", field=path)


@cache
def _demanded(contract: Contract, resource: str, platform: str) -> tuple[tuple[str, Field], ...]:
    fields = contract.resources[resource].create_fields
    return tuple(
        (path, field) for path, field in fields.items() if platform in field.required_on and field.on(platform)
    )


def _parents(body: Mapping[str, Any], path: str | None) -> Iterator[Mapping[str, Any]]:
    """The objects at `path` that were sent; the body itself for None."""
    if path is None:
        yield body
        return
    head, _, rest = path.partition(".")
    value = body.get(head.removesuffix("[]"))
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            yield from _parents(item, rest or None)


def _is_day(body: Any, path: str) -> bool:
    """Whether the value at `path` is a plain date where a date-time is documented."""
    from harness.emulator.bookkeeping.refusals import values

    found = [value for value in values(body, path) if isinstance(value, str)]
    return bool(found) and all(len(value) in {10, *range(19, 35)} and _parses(value) for value in found)


def _parses(value: str) -> bool:
    from datetime import datetime

    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return value[:4].isdigit() and value[4:5] == "-"
