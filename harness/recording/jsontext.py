"""JSON as cassettes hold it: quick where it can be, and never refusing what a strict parser took."""

import json
from typing import Any

import orjson


def parsed(text: bytes) -> Any:
    """The value of a JSON text; a lone surrogate or a number beyond 64 bits is no obstacle."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def compact(value: Any) -> bytes:
    """A value as JSON without spaces."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def pretty(value: Any) -> str:
    """A value as JSON, an item a line."""
    return json.dumps(value, indent=1, ensure_ascii=False)
