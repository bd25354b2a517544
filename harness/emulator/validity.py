"""A write body held against the contract: what Rutter itself rejects with 400, before anything is accepted."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import orjson

from harness.contract import Contract, Operation, Resource
from harness.contract.fields import Field
from harness.emulator.errors import invalid_request
from harness.emulator.settings import EmulatorSettings

MODES = ("prefer_sync", "async")


def _no_json(constant: str) -> Any:
    """NaN and the infinities are no JSON, whatever the library reads."""
    raise ValueError(constant)


def _finite(digits: str) -> float:
    """A number that no double holds would become an infinity, which is no JSON."""
    value = float(digits)
    if math.isinf(value):
        raise ValueError(digits)
    return value


DECODER = json.JSONDecoder(parse_constant=_no_json, parse_float=_finite)
MOST_NESTED = 200
"""Arrays and objects inside each other that a body may have. INFERRED: every API has a limit; this one keeps what
answers and jobs repeat of a body within what can be written and validated."""
LONG_NUMBER = re.compile(rb"\d{19}")
"""A body with one is read by the library: orjson makes a double of a whole number beyond 64 bits."""


def json_body(content: bytes) -> Any:
    """The JSON of a body; None when it is empty; ApiError 400 when it is not JSON or null, is nested too deeply, or
    holds half of a surrogate pair, which no encoding can carry."""
    try:
        body = _parsed(content) if content else None
    except (ValueError, RecursionError):
        raise invalid_request("The body is not JSON.") from None
    if content.count(b"[") + content.count(b"{") > MOST_NESTED and _deeper(body, MOST_NESTED):
        raise invalid_request("The body is nested too deeply.")
    if content and body is None:
        raise invalid_request("The body is null.")
    return body


def _parsed(content: bytes) -> Any:
    """What orjson refuses (other encodings than UTF-8, whole numbers of hundreds of digits) may still be JSON to the
    library."""
    if LONG_NUMBER.search(content) is None:
        try:
            return orjson.loads(content)
        except ValueError:
            return _slowly(content)
    return _slowly(content)


def _slowly(content: bytes) -> Any:
    body = DECODER.decode(content.decode(json.detect_encoding(content)))
    json.dumps(body, ensure_ascii=False).encode()  # a UnicodeEncodeError, a ValueError, at half of a surrogate pair
    return body


def _deeper(value: Any, most: int) -> bool:
    """Whether arrays and objects stand more than `most` deep in each other."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return bool(level)


def requested(contract: Contract, operation: Operation, body: Any) -> Any:
    """The body, when it fits the request schema of an operation whose body has no wrapper; ApiError 400 otherwise."""
    for problem in contract.validator(operation.request_schema or "").problems(body):
        where = f"{problem.path}: " if problem.path else ""
        raise invalid_request(f"{where}{problem.message}", field=problem.path)
    return body


def demanded(operation: Operation, body: Any) -> Any:
    """The body, when there is one or none is needed; ApiError 400 otherwise. That of a delete says only how it is
    answered: the contract demands it, no documentation does, and there is none in 2023-03-14. Source: [S24][S23]."""
    if body is None and operation.needs_body and operation.method != "DELETE":
        raise invalid_request("The body is missing.")
    return body


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
