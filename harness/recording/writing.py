"""From the journals of all workers to one cassette a group, the same whichever worker recorded what."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from harness.errors import StorageError
from harness.recording.cassette_file import FIRST, SHARED, SUFFIX
from harness.recording.interaction import Interaction
from harness.recording.jsontext import exactly, is_exact, parsed, pretty
from harness.recording.recorder import JOURNAL
from harness.recording.rows import Sightings, named

GROUP = re.compile(rb'\{"group":"([^"]+)"')
Lines = list[tuple[Path, int, int, int]]
"""Journal, number, start and end of each line."""


@dataclass
class Sealed:
    """The text of a file, part by part, each with its seal; the last line seals the seals."""

    parts: list[str] = field(default_factory=list)
    seals: Any = field(default_factory=lambda: blake2b(digest_size=6))
    count: int = 0

    def add(self, part: str, key: str = "") -> None:
        """Append a part. Its seal covers the key: under another one it would answer another request."""
        digest = blake2b((part + key).encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()
        self.seals.update(digest.encode())
        self.parts.append(f"{part}= {digest} {key}".rstrip() + "\n")
        self.count += bool(key)

    def begin(self, header: Mapping[str, Any], rows: Mapping[bytes, str]) -> None:
        """Append the header and the objects that are written once."""
        self.add(f"{FIRST}\n{json.dumps(header, indent=1, sort_keys=True, ensure_ascii=False)}\n")
        for text, name in rows.items():
            self.add(f"@ {name}\n{pretty(parsed(text))}\n")

    def write(self, path: Path) -> str:
        """Write the file whole, or not at all; its seal. StorageError when the disk or the folder refuses."""
        seal: str = self.seals.hexdigest()
        part_file = path.with_suffix(".part")
        text = "".join([*self.parts, f"# end {self.count} {seal}\n"])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part_file.write_text(text, encoding="utf-8", errors="backslashreplace")
            part_file.replace(path)
        except OSError as error:
            raise StorageError(f"{path}: cannot write: {error.strerror or error}. Name another place") from error
        return seal


def write_cassette(
    path: Path,
    header: Mapping[str, Any],
    interactions: Iterable[Interaction],
    own: Mapping[bytes, str] | None = None,
    shared: Mapping[bytes, str] | None = None,
) -> None:
    """Write the cassette of one group. `own` are the names of the objects that it writes once, `shared` of those that
    stand elsewhere."""
    file, names = Sealed(), {**(shared or {}), **(own or {})}
    file.begin(header, own or {})
    chapter, writes = None, Counter[tuple[str, str]]()
    for item in interactions:
        head = f"## {item.chapter}\n" if item.chapter != chapter else ""
        chapter = item.chapter
        place = (item.chapter, item.asked.resource)
        file.add(head + _shown(item, names), item.asked.key(writes[place]))
        writes[place] += item.asked.is_write
    file.write(path)


def merge(
    workers: Path, into: Path, header: Mapping[str, Any], cases: Mapping[str, Iterable[str]] | None = None
) -> int:
    """One cassette per group from the journals of all workers; how many interactions there were. `cases` are the ids
    of each group's cases. Memory holds one group and the different objects of one platform."""
    groups: dict[str, Lines] = {}
    for journal in sorted(workers.glob(f"*/{JOURNAL}")):
        for group, line in _lines(journal):
            groups.setdefault(group, []).append(line)
    platforms = sorted({group.partition(":")[0] for group in groups})
    for platform in platforms:
        own = {group: lines for group, lines in sorted(groups.items()) if group.partition(":")[0] == platform}
        _platform(into / platform, platform, own, header, cases or {})
    return sum(len(lines) for lines in groups.values())


def _platform(
    folder: Path,
    platform: str,
    groups: Mapping[str, Lines],
    header: Mapping[str, Any],
    cases: Mapping[str, Iterable[str]],
) -> None:
    seen = Sightings()
    for group, lines in groups.items():
        for item in _read(lines):
            if item.answered.kind == "json":
                seen.note(group, item.answered.body)
    shared = seen.names(None)
    told = {**header, "platform": platform}
    if shared:
        file = Sealed()
        file.begin(told, shared)
        told["shared"] = file.write(folder / SHARED)
    for group, lines in groups.items():
        place = folder / f"{group.partition(':')[2]}{SUFFIX}"
        own = {**told, "group": group, "cases": sorted(cases.get(group, ()))}
        write_cassette(place, own, _in_chapters(lines), seen.names(group), shared)


def _in_chapters(lines: Lines) -> list[Interaction]:
    """The interactions of a group, those of a chapter together, in the order in which chapters began."""
    chapters: dict[str, list[Interaction]] = {}
    for item in _read(lines):
        chapters.setdefault(item.chapter, []).append(item)
    return [item for chapter in chapters.values() for item in chapter]


def _lines(journal: Path) -> Iterator[tuple[str, tuple[Path, int, int, int]]]:
    """Group and place of each line of a journal. A last line that a crash cut off is left out."""
    start = 0
    with journal.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            found = GROUP.match(line)
            if found is None:
                raise StorageError(f"{journal}:{number}: this line is damaged: it names no group")
            yield found[1].decode(), (journal, number, start, start + len(line))
            start += len(line)


def _read(lines: Lines) -> Iterator[Interaction]:
    """The interactions at some places of journals."""
    for journal, number, start, end in lines:
        with journal.open("rb") as file:
            file.seek(start)
            text = file.read(end - start)
        try:
            yield Interaction.from_json(exactly(text))
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{journal}:{number}: this line is damaged: {error}") from error


def _shown(item: Interaction, names: Mapping[bytes, str]) -> str:
    request, answer = item.asked, item.answered
    lines = [f"> {request.method} {request.uri}", *_headers(request.headers)]
    if request.kind != "none":
        lines.append(f"| {json.dumps(request.body)}" if request.kind == "text" else _json(request.body))
    problem = answer.problem or ""
    told = problem if problem == " ".join(problem.split()) and problem[:1] != '"' else json.dumps(problem)
    lines.append(f"< {answer.status if answer.status is not None else '-'} {told}".rstrip())
    lines += _headers(answer.headers)
    if answer.kind == "json":
        short = named(answer.body, names)
        lines += [_json(answer.body)] if short is None else ["@", pretty(short)]
    elif answer.kind in {"text", "base64"}:
        lines.append(f"| {json.dumps(answer.body)}" if answer.kind == "text" else f"~ {answer.body}")
    return "\n".join(lines) + "\n"


def _json(value: Any) -> str:
    """Pretty JSON; one with an integer beyond 64 bits as its text, whose digits nothing takes for a float's."""
    return pretty(value) if is_exact(value) else f"$ {json.dumps(json.dumps(value))}"


def _headers(headers: Mapping[str, str]) -> list[str]:
    """A line for each value, by name."""
    pairs = [(name, value) for name, values in sorted(headers.items()) for value in values.split("\n")]
    return [f"{name}: " + (json.dumps(value) if value[:1] == '"' else value) for name, value in pairs]
