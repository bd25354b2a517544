"""Text from the outside made safe to show: control characters visible, lone surrogates replaced, length bounded."""

import json
import re
from typing import Any

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters, what changes the direction of text, and what XML and UTF-8 cannot hold. Tab and newline stay."""

CUT = " … [{left:,} more characters]"


def legible(text: str, limit: int | None = None) -> str:
    """`text` with every dangerous character as `\\x1b` or `\\u202e`, cut to about `limit` characters."""
    if limit is not None and len(text) > limit:
        text = text[:limit] + CUT.format(left=len(text) - limit)
    return _CONTROL.sub(_visible, text)


def one_line(text: str, limit: int | None = None) -> str:
    """`legible` text with all white space runs as one space."""
    return " ".join(legible(text, limit).split())


def pretty(value: Any, limit: int) -> str:
    """A JSON value as indented text, cut to about `limit` characters."""
    return legible(json.dumps(value, ensure_ascii=False, indent=1), limit)


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 case`, `1,204 cases`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
