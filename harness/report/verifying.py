"""`golive verify`: is the directory of a run what it was, and does its evidence still give its verdict? Offline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from harness.errors import StorageError
from harness.report.chain import Links, bare, walk
from harness.report.files import read_report
from harness.report.fold import Folded, fold_with_places
from harness.report.ledger import EVIDENCE_FILE
from harness.report.model import RunReport
from harness.report.scan import PlaceOf, raw_lines
from harness.report.seal import INPUTS_FOLDER, Seal, hashes

NOT_COMPARED = {"evidence_file", "seal"}
"""Set after the fold; compared on their own."""


@dataclass(frozen=True, slots=True)
class Verification:
    """`flaws` is empty when nothing was altered. `recorded` is what `report.json` says, `now` the verdict of the same
    evidence at the moment of asking: evidence and attestations expire. None when it could not be folded."""

    recorded: RunReport
    now: RunReport | None
    lines: int
    flaws: tuple[str, ...]


def verify_run(directory: Path, *, now: datetime, seal: str | None = None) -> Verification:
    """Recompute everything that `report.json` in `directory` claims. `seal` is the hash that the run printed; with it
    a directory that was made anew as a whole is noticed too.

    Raises StorageError when there is no report or no seal to hold against.
    """
    recorded = read_report(directory)
    known = Seal.load(directory)
    flaws = [*_seal_flaws(directory, known, recorded, seal)]
    links, found = _chain(directory, known)
    flaws += found
    folded = _folded(directory, known, flaws)
    if folded is not None:
        flaws += _ledger_flaws(directory, folded)
        flaws += _report_flaws(recorded, folded.report)
    today = None if flaws else fold_with_places(
        directory, interrupted=known.interrupted, errors=known.errors, now=now, inputs=directory / INPUTS_FOLDER,
        out=known.directory,
    ).report  # fmt: skip
    return Verification(recorded, today, links.lines if links else 0, tuple(flaws))


def _seal_flaws(directory: Path, known: Seal, recorded: RunReport, seal: str | None) -> Iterator[str]:
    if known.seal != known.computed:
        yield "seal.json: its own hash does not fit: it was altered"
    if recorded.seal != known.seal:
        yield f"report.json carries seal {recorded.seal}, seal.json says {known.seal}"
    if seal is not None and seal != known.seal:
        yield f"the run printed seal {seal}, this directory has {known.seal}: it is another run, or was made anew"
    present = hashes(directory)
    for name in sorted({*present, *known.files}):
        if name not in present:
            yield f"{name}: was removed"
        elif name not in known.files:
            yield f"{name}: was added"
        elif present[name] != known.files[name]:
            yield f"{name}: was altered"


def _chain(directory: Path, known: Seal) -> tuple[Links | None, list[str]]:
    try:
        links = walk(directory / EVIDENCE_FILE)
    except StorageError as error:
        return None, [str(error)]
    if links.lines != known.evidence.lines:
        return links, [f"{EVIDENCE_FILE}: has {links.lines:,} lines, {known.evidence.lines:,} were sealed"]
    if links.last_hash != known.evidence.last_hash:
        return links, [f"{EVIDENCE_FILE}: ends with hash {links.last_hash}, {known.evidence.last_hash} was sealed"]
    return links, []


def _folded(directory: Path, known: Seal, flaws: list[str]) -> Folded | None:
    try:
        return fold_with_places(
            directory,
            interrupted=known.interrupted,
            errors=known.errors,
            now=datetime.fromisoformat(known.now) if known.now else None,
            inputs=directory / INPUTS_FOLDER,
            out=known.directory,
        )
    except StorageError as error:
        flaws.append(str(error))
        return None


def _ledger_flaws(directory: Path, folded: Folded) -> Iterator[str]:
    """The workers' own files against the merged evidence, and what results cite against what is there."""
    ordered = sorted(folded.places)
    ids = {place.id for place in ordered}
    for case in folded.report.cases:
        lost = [id for id in case.evidence if id not in ids]
        if lost:
            yield f"{case.id}: cites evidence {lost[0]}, which the ledger does not hold"
            break
    yield from _first_difference(directory, ordered)


def _first_difference(directory: Path, ordered: list[PlaceOf]) -> Iterator[str]:
    try:
        with (directory / EVIDENCE_FILE).open("rb") as merged:
            pairs = zip_longest(raw_lines(ordered), merged)
            for number, (raw, line) in enumerate(pairs, start=1):
                if raw is None or line is None or raw.rstrip(b"\n") != bare(line):
                    place = ordered[number - 1] if number <= len(ordered) else None
                    where = f" ({place.path.relative_to(directory)}, {place.id})" if place else ""
                    yield f"{EVIDENCE_FILE}:{number}: is not what the worker wrote{where}"
                    return
    except OSError as error:
        yield f"{EVIDENCE_FILE}: cannot read: {error.strerror or error}"


def _report_flaws(recorded: RunReport, again: RunReport) -> Iterator[str]:
    before, after = (report.model_dump(mode="json", exclude=NOT_COMPARED) for report in (recorded, again))
    for section in before:
        if before[section] != after[section]:
            yield f"report.json: {section} is not what the evidence gives{_how(before[section], after[section])}"


def _how(before: Any, after: Any) -> str:
    """Where two sections part, for a person."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
        name = names[0]
        return f": {name} is {_short(before.get(name))}, recomputed {_short(after.get(name))}"
    if isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            return f": {len(before)} entries, recomputed {len(after)}"
        at = next(index for index, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1])
        return f" at entry {at + 1}{_how(before[at], after[at])}"
    return f": {_short(before)}, recomputed {_short(after)}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
