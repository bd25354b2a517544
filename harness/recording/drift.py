"""What has become of cassettes since they were recorded: stale, orphaned, missing, unplayed, expired."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harness.errors import StorageError
from harness.recording.cassette_file import Library, Shelf
from harness.recording.interaction import Interaction

UNPLAYED = "unplayed.json"
MOST = 3
"""Answers of one cassette that are shown for the same reason."""

Fits = Callable[[Interaction], Iterable[str]]
"""What is wrong with a recorded answer, by the contract of today; each problem one line."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """How many days a plan's recordings count, and whether older ones fail."""

    plan: str
    days: int
    fails: bool


@dataclass(frozen=True, slots=True)
class Drifted:
    """`kind` is stale (the contract is another now, or the answer does not fit it), orphaned (no plan asks for the
    case), missing (a plan asks for a case that is not recorded), unplayed (the last replay did not ask for it) or
    expired. `fails` says whether that is an error or a warning."""

    kind: str
    where: str
    told: str
    fails: bool = True


def drift(
    shelf: Shelf, cases: Mapping[str, Iterable[str]], version: str, fits: Fits, ages: Iterable[Expiry], today: date
) -> Iterator[Drifted]:
    """Compare cassettes with what is asked today: `cases` by group as the plans ask for them, the contract's version,
    what it says of an answer, and how long recordings count. StorageError when a file is damaged."""
    recorded: dict[str, set[str]] = {}
    for path in shelf.files():
        library = shelf.open(path)
        group = str(library.header["group"])
        recorded[group] = set(library.header["cases"])
        yield from _stale(library, version, fits)
        yield from expired(str(path), library.header["recorded_on"], ages, today)
    for group in sorted({*recorded, *cases}):
        then, now = recorded.get(group, set()), set(cases.get(group, ()))
        yield from (Drifted("orphaned", id, "no plan asks for this case any more") for id in sorted(then - now))
        yield from (Drifted("missing", id, "a plan asks for it, and it is not recorded") for id in sorted(now - then))


def expired(where: str, recorded_on: str, ages: Iterable[Expiry], today: date) -> Iterator[Drifted]:
    """The plans for which a recording of that day (ISO 8601) counts no more."""
    age = (today - date.fromisoformat(recorded_on)).days
    for expiry in ages:
        if age > expiry.days:
            told = f"recorded {age} days ago; plan {expiry.plan} lets recordings count for {expiry.days}"
            yield Drifted("expired", where, told, expiry.fails)


def _stale(library: Library, version: str, fits: Fits) -> Iterator[Drifted]:
    recorded = library.header["contract"]
    if recorded != version:
        yield Drifted("stale", str(library.path), f"recorded under contract {recorded}, and today's is {version}")
    seen: dict[str, int] = {}
    for chapter, places in library.chapters.items():
        for place in places:
            item = library.interaction(chapter, place)
            for problem in fits(item):
                told = f"{item.asked.method} {item.asked.uri.partition('?')[0]}: {problem}"
                seen[problem] = seen.get(problem, 0) + 1
                if seen[problem] <= MOST:
                    yield Drifted("stale", f"{library.path}:{library.line(place)}", told)


def unplayed(report: Path) -> Iterator[Drifted]:
    """What the replay whose report lies there did not ask for, although it is recorded."""
    for file in sorted((report / "workers").glob(f"*/{UNPLAYED}")):
        try:
            found = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            raise StorageError(f"{file}: cannot be read: {error}. Replay again: golive replay") from error
        for where, told in found:
            yield Drifted("unplayed", where, told, fails=False)
