"""Texts that write letters as escapes, and what they say once these are undone."""

import re
from collections.abc import Iterator, Mapping

ESCAPE = re.compile(
    r"%(?P<percent>[0-9A-Fa-f]{2})|\\u(?P<unicode>[0-9A-Fa-f]{4})|\\x(?P<byte>[0-9A-Fa-f]{2})|\\(?P<itself>[\"\\/'])"
    r"|&\#0*(?P<decimal>[0-9]{1,6});|&\#[xX]0*(?P<hex>[0-9A-Fa-f]{1,5});|&(?P<name>amp|lt|gt|quot|apos);"
)
"""Of URLs, JSON and string literals, HTML and XML. Source: RFC 3986, section 2.1; RFC 8259, section 7; HTML, 13.1.4."""

IN_BYTES = re.compile(ESCAPE.pattern.encode())
MARKS = (b"\\u", b"\\x", b"\\/", b"\\\\", b'\\"', b"\\'", b"&#", b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&apos;")
"""How escapes begin, but for those of URLs: most bodies have none of them, and that is told without a pattern."""

NAMES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
DEPTH = 5
"""How many times a text is undone: escapes of escapes of escapes."""


def may_escape(body: bytes) -> bool:
    """Whether a body may write letters as escapes, which hides a secret from a search for it."""
    return any(mark in body for mark in MARKS) or (b"%" in body and IN_BYTES.search(body) is not None)


def escaping_parts(body: bytes, between: bytes = b'","') -> Iterator[bytes]:
    """The texts of a JSON body that may write letters as escapes: few of the texts of a page do."""
    at = 0
    for mark in IN_BYTES.finditer(body):
        if mark.start() >= at:
            begin = body.rfind(between, at, mark.start())
            end = body.find(between, mark.end())
            end = len(body) if end < 0 else end
            yield body[at if begin < 0 else begin + len(between) : end]
            at = end


def undone(text: str) -> str:
    """What a text says when its escapes, and those that come out of them, are undone. A byte is one letter of it."""
    for _ in range(DEPTH):
        if ESCAPE.search(text) is None:
            break
        text = ESCAPE.sub(_letter, text)
    return text


def replaced(text: str, wanted: re.Pattern[str], by: Mapping[str, str]) -> str:
    """A text in which each place that says something wanted once its escapes are undone is replaced by what stands for
    that; the rest keeps its escapes."""
    if ESCAPE.search(text) is None:
        return text
    said, places = text, list(range(len(text) + 1))
    for _ in range(DEPTH):
        said, places, changed = _once(said, places)
        if not changed:
            break
    parts: list[str] = []
    last = 0
    for match in wanted.finditer(said):
        parts += text[last : places[match.start()]], by[match.group()]
        last = places[match.end()]
    return "".join([*parts, text[last:]])


def _once(text: str, places: list[int]) -> tuple[str, list[int], bool]:
    """The text with its escapes undone, where each letter of it began, and whether there were any."""
    parts: list[str] = []
    begins: list[int] = []
    last = 0
    for match in ESCAPE.finditer(text):
        parts += text[last : match.start()], _letter(match)
        begins += places[last : match.start() + 1]
        last = match.end()
    parts.append(text[last:])
    begins += places[last:]
    return "".join(parts), begins, last > 0


def _letter(match: re.Match[str]) -> str:
    kind = str(match.lastgroup)
    said = match[kind]
    if kind == "name":
        return NAMES[said]
    if kind == "itself":
        return said
    number = int(said, 10 if kind == "decimal" else 16)
    return chr(number) if number < 0x110000 else "\ufffd"
