"""Texts that write letters as escapes or put marks between them, and what they say once these are undone."""

import base64
import html
import re
import unicodedata
from collections.abc import Iterator

ESCAPE = re.compile(
    r"%(?P<percent>[0-9A-Fa-f]{2})|%u(?P<percent_long>[0-9A-Fa-f]{4})"
    r"|\\u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})"
    r"|\\u(?P<unicode>[0-9A-Fa-f]{4})|\\[ux]\{(?P<point>[0-9A-Fa-f]{1,6})\}|U\+(?P<plus>0[0-9A-Fa-f]{3}|[0-9A-Fa-f]{4,6})"
    r"|\\U(?P<long>[0-9A-Fa-f]{8})|\\x(?P<byte>[0-9A-Fa-f]{2})|\\(?P<octal>[0-3]?[0-7]{1,2})|\\N\{(?P<title>[^{}]+)\}"
    r"|\\(?P<control>[nrtbfv])|\\(?P<itself>[^\w\s])"
    r"|&\#0*(?P<decimal>[0-9]{1,7});?|&\#[xX]0*(?P<hex>[0-9A-Fa-f]{1,6});?|&(?P<name>[A-Za-z][A-Za-z0-9]{1,31};?)"
)
"""Of URLs, JSON and string literals, HTML and XML. Source: RFC 3986, section 2.1; RFC 8259, section 7; HTML, 13.1.4 and
13.2.5.73: a numeric entity is read without its semicolon too."""

PRINTABLE = re.compile(r"=(?P<byte>[0-9A-Fa-f]{2})|(?P<nothing>=(?:\r?\n|(?:\\r)?\\n))")
"""Quoted-printable, read apart from the others: what follows a `=` is mostly no escape. Source: RFC 2045, 6.7."""

STYLE = re.compile(r"\\(?P<hex>[0-9A-Fa-f]{1,6})\s?")
"""Of style sheets; the digits are octal elsewhere. Source: CSS Syntax Module Level 3, section 4.3.7."""

MARKUP = re.compile(
    r"(?P<nothing><!\[CDATA\[|\]\]>|<!--.*?-->|</?[A-Za-z][\w:-]*(?:\s[^<>]{0,300})?/?>|\?=\s*=\?[\w-]+\?[BbQq]\?"
    r"|^[0-9a-fA-F]{6,8}:?[ ]{1,2}|[ ]{1,2}\|.{1,16}\|$|&shy;|\\u00[aA][dD]|\\u200[b-dB-D])",
    re.DOTALL | re.MULTILINE,
)
"""What may stand between two letters of one word: tags, comments and sections of markup, the seam of two encoded words
(RFC 2047, section 2), the columns beside a dump in hex, signs that nobody sees."""

UTF7 = re.compile(r"\+(?P<shifted>[A-Za-z0-9/]{3,})-?|(?P<nothing>\+-)")
"""Letters in shifted base64. Source: RFC 2152."""

FORM = re.compile(r"(?P<space>\+)")
"""Of forms. Source: HTML, application/x-www-form-urlencoded."""

FAMILIES = ((ESCAPE, frozenset("%\\&U")), (PRINTABLE, frozenset("=")), (STYLE, frozenset("\\")),
            (MARKUP, frozenset("<]?|& \\")), (UTF7, frozenset("+")), (FORM, frozenset("+")))  # fmt: skip
"""The families of marks, and of each the letters without which a text has none of it."""

MAY = re.compile(
    r"[%\\]|&[#A-Za-z]|=[0-9A-Fa-f\r\n]|U\+[0-9A-F]|<[!/A-Za-z]|\?=|[ ]\||\+[A-Za-z0-9/-]{2}|^[0-9a-fA-F]{6,8}:? ",
    re.MULTILINE,
)
"""What a text holds that can be read in another way than as it stands."""

BLANK = {"nothing": "", "space": " "}
CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}
BASES = {"octal": 8, "decimal": 10}
DEPTH = 5
"""How many times a text is undone: escapes of escapes of escapes."""

MOST_READINGS = 24
"""Readings of a text that are looked at: some texts can be read in many ways."""

Reading = tuple[re.Pattern[str], ...]
"""The families that are undone, one after the other."""


def undone(text: str) -> str:
    """What a text says when its escapes, and those that come out of them, are undone. A byte is one letter of it."""
    for _ in range(DEPTH):
        if ESCAPE.search(text) is None:
            break
        text = ESCAPE.sub(_letter, text)
    return text


def readings(text: str) -> Iterator[tuple[Reading, str]]:
    """What a text may say, itself first, and what has to be undone for that."""
    if MAY.search(text) is None:
        yield (), text
        return
    met = {text}
    waiting: list[tuple[Reading, str]] = [((), text)]
    while waiting:
        reading, said = waiting.pop(0)
        yield reading, said
        if len(reading) == DEPTH:
            continue
        for family, letters in FAMILIES:
            if len(met) == MOST_READINGS or letters.isdisjoint(said):
                continue
            other = family.sub(_letter, said)
            if other not in met:
                met.add(other)
                waiting.append(((*reading, family), other))


def places(text: str, reading: Reading) -> list[int]:
    """Where in the text each letter of a reading of it began, and its end."""
    found = list(range(len(text) + 1))
    for family in reading:
        text, found = _once(text, found, family)
    return found


def _once(text: str, found: list[int], family: re.Pattern[str]) -> tuple[str, list[int]]:
    parts: list[str] = []
    begins: list[int] = []
    last = 0
    for match in family.finditer(text):
        letter = _letter(match)
        parts += text[last : match.start()], letter
        begins += found[last : match.start()] + [found[match.start()]] * len(letter)
        last = match.end()
    return "".join([*parts, text[last:]]), begins + found[last:]


def _letter(match: re.Match[str]) -> str:
    kind = str(match.lastgroup)
    said = match[kind]
    if kind in BLANK:
        return BLANK[kind]
    if kind == "name":
        return html.unescape(match.group())
    if kind == "itself":
        return said
    if kind == "control":
        return CONTROLS[said]
    if kind == "shifted":
        return _shifted(said)
    if kind == "title":
        return _titled(said)
    if kind == "low":
        return chr(0x10000 + ((int(match["high"], 16) & 0x3FF) << 10 | int(said, 16) & 0x3FF))
    number = int(said, BASES.get(kind, 16))
    return chr(number) if number < 0x110000 else "\ufffd"


def _shifted(letters: str) -> str:
    content = base64.b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + "==")
    return content[: len(content) // 2 * 2].decode("utf-16-be", "replace")


def _titled(name: str) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return ""
