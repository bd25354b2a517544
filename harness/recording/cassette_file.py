"""The file of a group: text that reviews well, sealed line by line.

golive-cassette 1
{header}
= seal
@ bills/3         an object that stands in several answers, once
{object}
= seal
## chapter
> GET /accounting/bills?limit=100
authorization: ...
< 200
content-type: application/json
@                 the body names such objects
{body}
= seal key
# end 12 seal-of-seals
"""

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from harness.errors import StorageError
from harness.recording.interaction import Answer, Answered, Asked, Interaction, with_base
from harness.recording.jsontext import compact, exactly, parsed
from harness.recording.rows import filled

FIRST = "golive-cassette 1"
SUFFIX = ".cassette"
SHARED = "shared.rows"
MARKS = re.compile(
    rb"^(?:## (?P<chapter>[^\n]*)|@ (?P<row>[^\n]*)|= (?P<seal>[0-9a-f]{12})(?: (?P<key>[0-9a-f]{16}))?"
    rb"|# end (?P<count>\d+) (?P<all>[0-9a-f]{12}))$",
    re.MULTILINE,
)
CONFLICT = re.compile(rb"^(?:<<<<<<< |>>>>>>> |=======$)", re.MULTILINE)
VERSION = re.compile(rb"golive-cassette (\d+)")
HEADER_LINE = re.compile(rb"[a-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name in lower case. Source: RFC 9110, section 5.6.2. No body begins with one and ": "."""

Place = tuple[int, int]


@dataclass
class Library:
    """One cassette, indexed: by chapter and key the places of its interactions, in order; bodies are read on demand.
    `seal` is that of the whole file."""

    path: Path
    header: Mapping[str, Any]
    text: bytes
    seal: str = ""
    shared: "Library | None" = None
    places: dict[tuple[str, str], list[Place]] = field(default_factory=dict)
    chapters: dict[str, list[Place]] = field(default_factory=dict)
    rows: dict[str, Place] = field(default_factory=dict)

    @cached_property
    def _texts(self) -> dict[str, bytes]:
        return {}

    def line(self, place: Place) -> int:
        """The line of the file, from 1, at which something stands."""
        return 1 + self.text.count(b"\n", 0, place[0])

    def row(self, name: str) -> bytes:
        """The JSON text of a named object."""
        text = self._texts.get(name)
        if text is None:
            place = self.rows.get(name)
            if place is None:
                if self.shared is None:
                    raise StorageError(f"{self.path}: it names the object {name}, which is not there. "
                                       "Record it again: golive record")  # fmt: skip
                return self.shared.row(name)
            text = self._texts[name] = compact(parsed(self.text[slice(*place)]))
        return text

    def answer(self, place: Place, base_url: str) -> Answer:
        """The recorded answer at a place, as a replay gives it."""
        status, problem, headers, body = self._answered(place)
        kind, content = self._body(body)
        if kind == "base64":
            content = Answered(None, kind=kind, body=content.decode()).content()
        else:
            content = with_base(content, base_url)
        told = {
            name: with_base(text.encode(), base_url).decode() for name, text in headers.items() if "{{base_" in text
        }
        return Answer(status, {**headers, **told}, content, problem)

    def interaction(self, chapter: str, place: Place) -> Interaction:
        """The whole interaction at a place."""
        lines = self.text[slice(*place)].partition(b"\n< ")[0].split(b"\n")
        method, _, uri = lines[0][2:].decode().partition(" ")
        headers, body = _split(lines[1:])
        kind, content = self._body(b"\n".join(body))
        if kind == "text":
            asked = Asked(method, uri, headers, content.decode(errors="surrogatepass"), kind)
        else:
            asked = Asked(method, uri, headers, None if kind == "none" else exactly(content), kind)
        status, problem, answer_headers, answer_body = self._answered(place)
        kind, content = self._body(answer_body)
        value = None if kind == "none" else exactly(content) if kind == "json" else content.decode(errors="replace")
        return Interaction(
            str(self.header.get("group", "")),
            chapter,
            asked,
            Answered(status, answer_headers, kind, value, problem),
        )

    def _answered(self, place: Place) -> tuple[int | None, str | None, dict[str, str], bytes]:
        text = self.text[slice(*place)]
        lines = text[text.index(b"\n< ") + 3 :].split(b"\n")
        status, _, problem = lines[0].decode().partition(" ")
        headers, body = _split(lines[1:-1])
        told = json.loads(problem) if problem.startswith('"') else problem
        return None if status == "-" else int(status), told or None, headers, b"\n".join(body)

    def _body(self, text: bytes) -> tuple[str, bytes]:
        if not text:
            return "none", b""
        if text.startswith(b"| "):
            return "text", str(json.loads(text[2:])).encode(errors="surrogatepass")
        if text.startswith(b"$ "):
            return "json", str(json.loads(text[2:])).encode(errors="surrogatepass")
        if text.startswith(b"~ "):
            return "base64", text[2:]
        if text.startswith(b"@\n"):
            return "json", filled(compact(parsed(text[2:])), self.row)
        return "json", compact(parsed(text))


def _split(lines: list[bytes]) -> tuple[dict[str, str], list[bytes]]:
    """(headers, the lines of the body): a header is `name: value`, a body begins otherwise."""
    headers: dict[str, str] = {}
    for index, line in enumerate(lines):
        name, colon, value = line.partition(b": ")
        if not colon or not HEADER_LINE.fullmatch(name):
            return headers, lines[index:]
        text = json.loads(value) if value.startswith(b'"') else value.decode()
        key = name.decode()
        headers[key] = f"{headers[key]}\n{text}" if key in headers else text
    return headers, []


class Shelf:
    """The cassettes of a folder; what the groups of a platform share is read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shared: dict[Path, Library] = {}

    def files(self) -> list[Path]:
        """Every cassette, in order."""
        return sorted(self.folder.glob(f"*/*{SUFFIX}"))

    def group(self, group: str) -> Library:
        """The cassette of a group, named PLATFORM:resource."""
        platform, _, resource = group.partition(":")
        return self.open(self.folder / platform / f"{resource}{SUFFIX}")

    def open(self, path: Path) -> Library:
        """A cassette with the objects that it shares. StorageError names what was altered, and the line."""
        library = read_cassette(path)
        wanted = library.header.get("shared")
        if wanted is not None:
            place = path.parent / SHARED
            if place not in self._shared:
                self._shared[place] = read_cassette(place)
            library.shared = self._shared[place]
            if library.shared.seal != wanted:
                raise StorageError(f"{place}:1: it is not the one that {path.name} was recorded with. "
                                   "Record both again: golive record")  # fmt: skip
        return library


def _damaged(path: Path, text: bytes, offset: int, what: str) -> StorageError:
    conflict = CONFLICT.search(text)
    if conflict is not None:
        offset, what = conflict.start(), "here git left the marks of a merge: take all files of one side"
    return StorageError(f"{path}:{1 + text.count(10, 0, offset)}: {what}. Record it again: golive record")


def _no_cassette(text: bytes) -> str:
    """Why a file does not begin as a cassette does, and what to do."""
    first = text.partition(b"\n")[0]
    again = "Record it again: golive record"
    if not text:
        return f"the file is empty. {again}"
    if first == FIRST.encode() + b"\r":
        return (
            "its line ends are CRLF, as git makes them on some machines. Put the line '* -text' into .gitattributes in "
            "the cassette folder and check it out again"
        )
    if first.startswith(codecs.BOM_UTF8):
        return f"it begins with a byte order mark, which an editor has put there. {again}"
    if CONFLICT.match(text):
        return f"here git left the marks of a merge: take all files of one side. {again}"
    version = VERSION.fullmatch(first)
    if version is not None:
        return f"it is of version {version[1].decode()} of the format, and this golive reads {FIRST[-1]}. {again}"
    if FIRST.encode().startswith(first):
        return f"the cassette ends here: it is truncated. {again}"
    return f'not a cassette: the first line is not "{FIRST}". {again}'


def read_cassette(path: Path) -> Library:
    """Read and check one file. StorageError names the line of what was truncated or altered."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}. Record it: golive record") from error
    if not text.startswith(FIRST.encode() + b"\n"):
        raise StorageError(f"{path}:1: {_no_cassette(text)}")
    wrong = partial(_damaged, path, text)
    library: Library | None = None
    start, chapter, row, seals, count = 0, "", b"", blake2b(digest_size=6), 0
    body = 0
    for mark in MARKS.finditer(text):
        if mark["seal"] is None and mark.start() != start:
            raise wrong(start, "what stands here was put in after it was recorded")
        if mark["chapter"] is not None:
            chapter, body = mark["chapter"].decode(errors="replace"), mark.end() + 1
        elif mark["row"] is not None:
            row, body = mark["row"], mark.end() + 1
        elif mark["seal"] is not None:
            sealed = text[start : mark.start()] + (mark["key"] or b"")
            whole = blake2b(sealed, digest_size=6).hexdigest().encode() == mark["seal"]
            if not whole or (library is None and start):  # a header whose own seal is none any more
                last = text.count(10, 0, mark.start())
                raise wrong(start, f"what stands from here to line {last} was altered after it was recorded")
            seals.update(mark["seal"])
            if library is None:
                library = Library(path, json.loads(text[len(FIRST) + 1 : mark.start()]), text)
            elif row:
                library.rows[row.decode()] = (body, mark.start())
                row = b""
            else:
                place = (body, mark.start())
                library.places.setdefault((chapter, (mark["key"] or b"").decode()), []).append(place)
                library.chapters.setdefault(chapter, []).append(place)
                count += 1
            start = body = mark.end() + 1
        elif library is not None:
            library.seal = seals.hexdigest()
            if int(mark["count"]) != count or library.seal.encode() != mark["all"] or mark.end() + 1 != len(text):
                raise wrong(mark.start(), "interactions were added, removed or moved after they were recorded")
    if library is None or not library.seal:
        raise wrong(len(text), "the cassette ends here without its last line: it is truncated")
    return library
