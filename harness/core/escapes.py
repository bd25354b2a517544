"""Texts that write letters as escapes, and what they say once these are undone."""

import re
from collections.abc import Iterator, Mapping

ESCAPE = re.compile(
    r"%(?P<percent>[0-9A-Fa-f]{2})|\\u(?P<unicode>[0-9A-Fa-f]{4})|\\u\{(?P<point>[0-9A-Fa-f]{1,6})\}"
    r"|\\U(?P<long>[0-9A-Fa-f]{8})|\\x(?P<byte>[0-9A-Fa-f]{2})|\\(?P<octal>[0-3][0-7]{2})|\\(?P<itself>[\"\\/'])"
    r"|&\#0*(?P<decimal>[0-9]{1,6});|&\#[xX]0*(?P<hex>[0-9A-Fa-f]{1,5});|&(?P<name>amp|lt|gt|quot|apos);"
)
"""Of URLs, JSON and string literals, HTML and XML. Source: RFC 3986, section 2.1; RFC 8259, section 7; HTML, 13.1.4."""

IN_BYTES = re.compile(ESCAPE.pattern.encode())
AFTER = {
    b"\\": (b"u", b"U", b"x", b"0", b"1", b"2", b"3", b"/", b'"', b"'"),
    b"&": (b"#", b"amp;", b"lt;", b"gt;", b"quot;", b"apos;"),
}
"""What may follow the first letter of an escape, but for those of URLs: most bodies have none of it, and that is told
without a pattern."""

PRINTABLE = re.compile(r"=(?:(?P<byte>[0-9A-Fa-f]{2})|(?P<soft>\r?\n|(?:\\r)?\\n))")
"""Quoted-printable, read apart from the others: what follows a `=` is mostly no escape. Source: RFC 2045, 6.7."""

PRINTABLE_IN_BYTES = re.compile(PRINTABLE.pattern.encode())
BASES = {"octal": 8, "decimal": 10}
NAMES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
DEPTH = 5
"""How many times a text is undone: escapes of escapes of escapes."""


def may_escape(body: bytes) -> bool:
    """Whether a body may write letters as escapes, which hides a secret from a search for it."""
    for first, after in AFTER.items():
        # Of two first letters in a row nothing stands between.
        if first in body and any(not part or part.startswith(after) for part in body.split(first)[1:]):
            return True
    return b"%" in body and IN_BYTES.search(body) is not None


def may_be_printable(body: bytes) -> bool:
    """Whether a body may be quoted-printable, or hold such a text."""
    return b"=" in body and PRINTABLE_IN_BYTES.search(body) is not None


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


def undone_printable(text: str) -> str:
    """What a quoted-printable text says. A byte is one letter of it."""
    return PRINTABLE.sub(_letter, text)


def replaced(text: str, wanted: re.Pattern[str], by: Mapping[str, str]) -> str:
    """A text in which each place that says something wanted once its escapes are undone is replaced by what stands for
    that; the rest keeps its escapes."""
    if PRINTABLE.search(text) is not None:
        text = _replaced(text, wanted, by, PRINTABLE, 1)
    return text if ESCAPE.search(text) is None else _replaced(text, wanted, by, ESCAPE, DEPTH)


def _replaced(text: str, wanted: re.Pattern[str], by: Mapping[str, str], kind: re.Pattern[str], depth: int) -> str:
    said, places = text, list(range(len(text) + 1))
    for _ in range(depth):
        said, places, changed = _once(said, places, kind)
        if not changed:
            break
    parts: list[str] = []
    last = 0
    for match in wanted.finditer(said):
        parts += text[last : places[match.start()]], by[match.group()]
        last = places[match.end()]
    return "".join([*parts, text[last:]])


def _once(text: str, places: list[int], kind: re.Pattern[str]) -> tuple[str, list[int], bool]:
    """The text with its escapes undone, where each letter of it began, and whether there were any."""
    parts: list[str] = []
    begins: list[int] = []
    last = 0
    for match in kind.finditer(text):
        letter = _letter(match)
        parts += text[last : match.start()], letter
        begins += places[last : match.start()] + [places[match.start()]] * len(letter)
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
    if kind == "soft":
        return ""
    number = int(said, BASES.get(kind, 16))
    return chr(number) if number < 0x110000 else "\ufffd"
