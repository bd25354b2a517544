"""A replay beside the run that was recorded: it must ask all that was asked then, and say what was said then."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from harness.pytest_plugin.aging import expired
from harness.pytest_plugin.cassettes import header_of, told_by
from harness.pytest_plugin.collecting import Selection
from harness.recording.drift import Drifted, unplayed

MOST_NOTES = 5
COUNTS = ("cases", "requests")


def doubts(selection: Selection, today: date) -> Iterator[str]:
    """Why what a replay proved counts for nothing, each reason one sentence: it is not the recorded run, or that is too
    old. A replay of a part of the cases is no other run: it is inconclusive by what it left out, or of some plans."""
    if selection.settings.of_cases is not None:
        yield "it was recovered from a recording that did not end; record again: golive record"
    then, now = _both(selection)
    if now["cases"] < len(selection.cases):
        return
    left = _unplayed(selection)
    if left:
        yield (
            f"it did not ask for {len(left):,} of the recorded requests, such as {left[0].told} in {left[0].where}; "
            "record again: golive record"
        )
    if then != now:
        other = "; ".join(line.strip() for line in differences(then, now)[1 : 1 + MOST_NOTES])
        yield f"it did not say what the recorded run said ({other}); record again: golive record"
    if any(item.fails for item in expired(selection, today)):
        yield "the recordings are too old; record again: golive record"


def told(selection: Selection, report: str, today: date) -> Iterator[str]:
    """Lines that compare a replay with the recorded run. `report` is how its directory is named to the user."""
    yield from differences(*_both(selection))
    notes = [*_unplayed(selection), *expired(selection, today)]
    for note in notes[:MOST_NOTES]:
        yield f"{note.kind}: {note.where}: {note.told}"
    if len(notes) > MOST_NOTES:
        yield f"and {len(notes) - MOST_NOTES:,} more: golive cassettes drift --report {report}"


def _both(selection: Selection) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the recorded run said of the cases of this replay, and what the replay said. Of some plans the requests are
    not compared: which case reads a shared list depends on which come before it."""
    then = dict(header_of(Path(selection.settings.cassettes))["told"])
    now = told_by(selection.settings.directory)
    if selection.settings.of_plans:
        ids = {case.id for case in selection.cases}
        then = {"cases": len(ids), "odd": {id: said for id, said in then["odd"].items() if id in ids}}
        del now["requests"]
    return then, now


def _unplayed(selection: Selection) -> list[Drifted]:
    """What was not asked for and should have been; of some plans only what their own cases ask."""
    left = list(unplayed(selection.settings.directory))
    if not selection.settings.of_plans:
        return left
    ids = {case.id for case in selection.cases}
    return [item for item in left if item.where.rpartition(": ")[2] in ids]


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What a replay says otherwise than the recorded run, a line each; one line when it is the same."""
    before, after = then["odd"], now["odd"]
    other = [
        f"  {id}: {'; '.join(after.get(id, ['passed']))}, recorded: {'; '.join(before.get(id, ['passed']))}"
        for id in sorted({*before, *after})
        if before.get(id) != after.get(id)
    ]
    counts = [f"  {now[what]:,} {what}, recorded: {then[what]:,}" for what in COUNTS if now.get(what) != then.get(what)]
    if other or counts:
        return ["The replay differs from the recorded run:", *counts, *other]
    return [f"The same as the recorded run: {now['cases']:,} cases, {len(after):,} of them did not pass."]
