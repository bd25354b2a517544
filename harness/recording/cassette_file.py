"""The file of a group: text that reviews well, sealed line by line.

golive-cassette 1
{header}
= seal
@ name            a row that stands in several answers, once
{row}
= seal
## chapter
> GET /accounting/bills?limit=100
authorization: ...
< 200
content-type: application/json
{body}
= seal key
# end 12 seal-of-seals
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from harness.errors import StorageError
from harness.recording.interaction import Answered, Asked, Interaction
from harness.recording.recorder import JOURNAL, read_journal

FIRST = "golive-cassette 1"
SUFFIX = ".cassette"
LEAST_FIELDS = 5
MARK = re.compile(
    rb"^(?:## (?P<chapter>[^\n]*)|@ (?P<row>[^\n]*)|= (?P<seal>[0-9a-f]{12})(?: (?P<key>[0-9a-f]{16}))?"
    rb"|# end (?P<count>\d+) (?P<all>[0-9a-f]{12}))$",
    re.MULTILINE,
)


@dataclass(slots=True)
class Library:
    """One cassette, indexed: by chapter and key the places of its interactions, in order; bodies are read on demand."""

    path: Path
    header: Mapping[str, Any]
    text: bytes
    places: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)
    chapters: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)

    def interaction(self, chapter: str, place: tuple[int, int]) -> Interaction:
        """The interaction at a place."""
        lines = self.text[place[0] : place[1]].decode("utf-8").split("\n")
        turn = next(index for index, line in enumerate(lines) if line.startswith("< "))
        method, _, uri = lines[0][2:].partition(" ")
        headers, body = _split(lines[1:turn])
        kind, value = self._body(body)
        status, _, problem = lines[turn][2:].partition(" ")
        answer_headers, answer_body = _split(lines[turn + 1 : -1])
        answer_kind, answer = self._body(answer_body)
        return Interaction(
            str(self.header.get("group", "")),
            chapter,
            Asked(method, uri, headers, value if kind != "none" else None),
            Answered(
                None if status == "-" else int(status), answer_headers, answer_kind, answer, problem.strip() or None
            ),
        )

    def _body(self, lines: list[str]) -> tuple[str, Any]:
        if not lines:
            return "none", None
        if lines[0].startswith("| "):
            return "text", json.loads(lines[0][2:])
        if lines[0].startswith("~ "):
            return "base64", lines[0][2:]
        return "json", self._whole(json.loads("\n".join(lines)))

    def _whole(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("@ "):
            start, end = self.rows[value[2:]]
            return json.loads(self.text[start:end])
        if isinstance(value, dict):
            return {key: self._whole(item) for key, item in value.items()}
        return [self._whole(item) for item in value] if isinstance(value, list) else value


def _split(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    """(headers, the lines of the body): a header is `name: value`, a body begins otherwise."""
    headers: dict[str, str] = {}
    for index, line in enumerate(lines):
        name, colon, value = line.partition(": ")
        if not colon or not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            return headers, lines[index:]
        headers[name] = json.loads(value) if value.startswith('"') else value
    return headers, []


def read_cassette(path: Path) -> Library:
    """Read and check a cassette. StorageError names the line of what was truncated or altered."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}. Record it: golive record") from error
    if not text.startswith(FIRST.encode() + b"\n"):
        raise StorageError(f'{path}:1: not a cassette: the first line is not "{FIRST}"')

    def wrong(offset: int, what: str) -> StorageError:
        return StorageError(f"{path}:{1 + text[:offset].count(10)}: {what}. Record it again: golive record")

    library: Library | None = None
    start, chapter, row, seals, count, ended = 0, "", b"", blake2b(digest_size=6), 0, False
    body = 0
    for mark in MARK.finditer(text):
        if mark["chapter"] is not None:
            chapter, start = mark["chapter"].decode("utf-8"), mark.start()
            body = mark.end() + 1
        elif mark["row"] is not None:
            row, start, body = mark["row"], mark.start(), mark.end() + 1
        elif mark["seal"] is not None:
            part = text[start : mark.start()]
            if blake2b(part, digest_size=6).hexdigest().encode() != mark["seal"]:
                raise wrong(start, "what begins here was altered after it was recorded")
            seals.update(mark["seal"])
            if library is None:
                library = Library(path, json.loads(part.partition(b"\n")[2]), text)
            elif row:
                library.rows[row.decode("utf-8")] = (body, mark.start())
                row = b""
            else:
                place = (body, mark.start())
                library.places.setdefault((chapter, (mark["key"] or b"").decode()), []).append(place)
                library.chapters.setdefault(chapter, []).append(place)
                count += 1
            start = body = mark.end() + 1
        elif mark["count"] is not None:
            ended = True
            if int(mark["count"]) != count or seals.hexdigest().encode() != mark["all"] or mark.end() + 1 != len(text):
                raise wrong(mark.start(), "interactions were added, removed or moved after they were recorded")
    if library is None or not ended:
        raise wrong(len(text), "the cassette ends here without its last line: it is truncated")
    return library


def write_cassette(path: Path, header: Mapping[str, Any], interactions: Iterable[Interaction]) -> None:
    """Write the cassette of one group whole, or not at all."""
    items = list(interactions)
    names = _rows(items)
    seals, parts = blake2b(digest_size=6), []

    def seal(part: str, key: str = "") -> None:
        digest = blake2b(part.encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()
        seals.update(digest.encode())
        parts.append(f"{part}= {digest} {key}".rstrip() + "\n")

    seal(f"{FIRST}\n{json.dumps(header, indent=1, sort_keys=True, ensure_ascii=False)}\n")
    for text, name in names.items():
        seal(f"@ {name}\n{text}\n")
    chapter, writes = None, Counter[tuple[str, str]]()
    for item in items:
        head = f"## {item.chapter}\n" if item.chapter != chapter else ""
        chapter = item.chapter
        place = (item.chapter, item.asked.resource)
        seal(head + _shown(item, names), item.asked.key(writes[place]))
        writes[place] += item.asked.is_write
    parts.append(f"# end {len(items)} {seals.hexdigest()}\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    part_file = path.with_suffix(".part")
    part_file.write_text("".join(parts), encoding="utf-8", errors="backslashreplace")
    part_file.replace(path)


def merge(workers: Path, into: Path, header: Mapping[str, Any]) -> int:
    """One cassette per group from the journals of all workers; how many interactions there were."""
    groups: dict[str, list[Interaction]] = {}
    for journal in sorted(workers.glob(f"*/{JOURNAL}")):
        for item in read_journal(journal):
            groups.setdefault(item.group, []).append(item)
    for group, items in sorted(groups.items()):
        chapters = {item.chapter: [] for item in items}  # type: dict[str, list[Interaction]]
        for item in items:
            chapters[item.chapter].append(item)
        ordered = [item for chapter in chapters.values() for item in chapter]
        platform, _, resource = group.partition(":")
        told = {**header, "group": group, "platform": platform}
        write_cassette(into / platform / f"{resource}{SUFFIX}", told, ordered)
    return sum(len(items) for items in groups.values())


def _shown(item: Interaction, names: Mapping[str, str]) -> str:
    request, answer = item.asked, item.answered
    lines = [f"> {request.method} {request.uri}", *_headers(request.headers)]
    if request.body is not None:
        lines.append(f"| {json.dumps(request.body)}" if isinstance(request.body, str) else _pretty(request.body))
    lines.append(f"< {answer.status if answer.status is not None else '-'} {answer.problem or ''}".rstrip())
    lines += _headers(answer.headers)
    if answer.kind == "json":
        lines.append(_pretty(_named(answer.body, names)))
    elif answer.kind in {"text", "base64"}:
        lines.append(f"| {json.dumps(answer.body)}" if answer.kind == "text" else f"~ {answer.body}")
    return "\n".join(lines) + "\n"


def _headers(headers: Mapping[str, str]) -> list[str]:
    quoted = {name: json.dumps(value) if value.startswith('"') else value for name, value in headers.items()}
    return [f"{name}: {value}" for name, value in sorted(quoted.items())]


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects that an answer holds under its own keys: a page's rows, an entity."""
    for item in value.values() if isinstance(value, dict) else ():
        for found in item if isinstance(item, list) else [item]:
            if isinstance(found, dict) and isinstance(found.get("id"), str) and len(found) >= LEAST_FIELDS:
                yield found


def _rows(items: Iterable[Interaction]) -> dict[str, str]:
    """Name by text of each object that stands in the answers more than once; versions of an id are numbered."""
    seen = Counter(
        _pretty(row) for item in items if item.answered.kind == "json" for row in _objects(item.answered.body)
    )
    names: dict[str, str] = {}
    versions: Counter[str] = Counter()
    for text, count in seen.items():
        if count > 1:
            id = str(json.loads(text)["id"])
            versions[id] += 1
            names[text] = f"{id}~{versions[id]}"
    return names


def _named(value: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(value, dict) or _holds_mark(value):
        return value

    def one(item: Any) -> Any:
        name = names.get(_pretty(item)) if isinstance(item, dict) and "id" in item else None
        return f"@ {name}" if name else item

    return {key: [one(part) for part in item] if isinstance(item, list) else one(item) for key, item in value.items()}


def _holds_mark(value: Any) -> bool:
    return '"@ ' in json.dumps(value)
