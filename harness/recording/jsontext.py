"""JSON as cassettes hold it: quick where it can be, and never refusing what a strict parser took."""

import json
import re
from decimal import Decimal
from typing import Any

import orjson

LONG = re.compile(rb"[0-9]{19}")
"""In a text that holds an integer beyond 64 bits, which the quick parser takes for a float."""

PRECISE = re.compile(rb"[0-9.]{17}")
"""In a text that holds a number with more digits than a float keeps."""


def parsed(text: bytes) -> Any:
    """The value of a JSON text; a lone surrogate or a number beyond 64 bits is no obstacle."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def exactly(text: bytes) -> Any:
    """As `parsed`, and integers of any length keep their digits."""
    return json.loads(text) if LONG.search(text) else parsed(text)


def is_exact(value: Any) -> bool:
    """Whether the quick parser would read the value again as it is."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        return "surrogate" in str(error)
    return True


def with_exact_numbers(text: bytes) -> bytes:
    """A JSON text whose numbers with more digits than a float keeps are texts, so that no two of them look the same;
    any other text as it is."""
    if not PRECISE.search(text):
        return text
    changed = False

    def number(literal: str) -> Any:
        nonlocal changed
        value = float(literal)
        if Decimal(repr(value)) == Decimal(literal):
            return value
        changed = True
        return f"{{{{number:{literal}}}}}"

    try:
        value = json.loads(text, parse_float=number)
    except (ValueError, ArithmeticError):
        return text
    return json.dumps(value).encode() if changed else text


def compact(value: Any) -> bytes:
    """A value as JSON without spaces."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def pretty(value: Any) -> str:
    """A value as JSON, an item a line."""
    return json.dumps(value, indent=1, ensure_ascii=False)
