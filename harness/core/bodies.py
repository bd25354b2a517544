"""Bodies: strict JSON, and what is kept of one that is none."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from harness.core.unwrapping import unpacked

SPACE = b" \t\r\n"
"""White space between the parts of a JSON text. Source: RFC 8259, section 2."""

CONTROLS = bytes(code for code in (*range(32), 127) if chr(code) not in "\t\n\f\r")
"""Bytes that no text holds in an encoding of one byte a letter."""

MOST_HIGH = 0.1
"""Share of bytes beyond ASCII in a text that may be Latin-1: more is rather no text."""

SEEN_AS_WRONG = 4
"""Bytes of what is no text that are kept: so many decide what a decoder says of it. Source: RFC 3629."""

LEVELS = {0x01: 1, 0x5E: 5, 0x9C: 6, 0xDA: 9}
"""By the second byte of a zlib stream the effort it was made with. Source: RFC 1950, section 2.2."""


def parse_json(body: bytes) -> tuple[Any, bool, str | None]:
    """(value, is strict JSON, what is wrong). NaN, Infinity, duplicate keys, a byte order mark and other encodings than
    UTF-8 are refused: a strict client would."""
    if not body:
        return None, False, None
    try:
        value = orjson.loads(body)
        # Several times as quick as what follows, but silent about duplicate keys and rough with long numbers: believed
        # only where the same bytes come out again. White space may differ: within a text it cannot have changed.
        dense = orjson.dumps(value)
        if dense == body or dense.translate(None, SPACE) == body.translate(None, SPACE):
            return value, True, None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass  # the standard library, below, says what is wrong, or takes it
    try:
        return (
            json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=unique_pairs),
            True,
            None,
        )
    except ValueError as error:
        return None, False, str(error)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs of a JSON object as a dict; ValueError for a key that stands there twice."""
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"duplicate key {twice!r}")
    return value


def walk(value: Any) -> Iterable[tuple[str, Any]]:
    """Every (key, value) pair of a JSON tree, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def kept(body: bytes, text: Callable[[str], str], fingerprint: Callable[[str], str]) -> bytes:
    """What is kept of a body that is no JSON: the same kind of bytes, with `text` done to what they say. Bytes that are
    no text may hide anything: of them only those stay that make them unreadable, and their fingerprint."""
    content = unpacked(body)
    if content is not body:
        return _packed_like(body, kept(content, text, fingerprint))
    encoding = _encoding(body)
    if encoding is not None:
        safe = text(body.decode(encoding)).encode(encoding, "surrogatepass")
        if encoding in {"utf-8", "latin-1"} or text(said := safe.decode("latin-1")) == said:  # a zero may be but a zero
            return safe
    start = _first_wrong(body)
    mark = f"{{{{binary:{fingerprint(body.decode('latin-1'))}}}}}"
    return text(body[:start].decode()).encode() + body[start : start + SEEN_AS_WRONG] + mark.encode()


def shown(body: bytes) -> str:
    """The text that a body says, unpacked; what is no letter of its encoding as U+FFFD."""
    content = unpacked(body)
    return content.decode(_encoding(content) or "utf-8", "replace")


def _encoding(body: bytes) -> str | None:
    """The encoding of a text; None for what is none."""
    guess = None
    if b"\0" in body:
        even, odd = body[::2].count(0), body[1::2].count(0)
        guess = "utf-16-be" if even > len(body) / 5 > odd else "utf-16-le" if odd > len(body) / 5 > even else None
    if guess is not None and _decodes(body, guess):
        return guess
    if _decodes(body, "utf-8"):
        return "utf-8"
    high = len(body.translate(None, bytes(range(128))))
    is_text = len(body.translate(None, CONTROLS)) == len(body) and high <= MOST_HIGH * len(body)
    return "latin-1" if is_text else None


def _decodes(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _first_wrong(body: bytes) -> int:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return len(body)


def _packed_like(body: bytes, content: bytes) -> bytes:
    if body.startswith(b"\x1f\x8b"):
        return gzip.compress(content, mtime=0)
    return zlib.compress(content, LEVELS.get(body[1], 6))
