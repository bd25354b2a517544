"""A replay beside the run that was recorded: it must ask all that was asked then, and say what was said then."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from harness.pytest_plugin.aging import expired
from harness.pytest_plugin.cassettes import header_of, told_by
from harness.pytest_plugin.collecting import Selection
from harness.recording.drift import unplayed

MOST_NOTES = 5


def doubts(selection: Selection, today: date) -> Iterator[str]:
    """Why what a replay proved counts for nothing, each reason one sentence: it is not the recorded run, or that is too
    old. A replay of a part of the cases is no other run: it is inconclusive by what it left out."""
    directory = selection.settings.directory
    then, now = header_of(Path(selection.settings.cassettes))["told"], told_by(directory)
    if now["cases"] < len(selection.cases):
        return
    left = list(unplayed(directory))
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
    settings = selection.settings
    yield from differences(header_of(Path(settings.cassettes))["told"], told_by(settings.directory))
    notes = [*unplayed(settings.directory), *expired(selection, today)]
    for note in notes[:MOST_NOTES]:
        yield f"{note.kind}: {note.where}: {note.told}"
    if len(notes) > MOST_NOTES:
        yield f"and {len(notes) - MOST_NOTES:,} more: golive cassettes drift --report {report}"


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What a replay says otherwise than the recorded run, a line each; one line when it is the same."""
    before, after = then["odd"], now["odd"]
    other = [
        f"  {id}: {'; '.join(after.get(id, ['passed']))}, recorded: {'; '.join(before.get(id, ['passed']))}"
        for id in sorted({*before, *after})
        if before.get(id) != after.get(id)
    ]
    counts = [
        f"  {now[what]:,} {what}, recorded: {then[what]:,}" for what in ("cases", "requests") if now[what] != then[what]
    ]
    if other or counts:
        return ["The replay differs from the recorded run:", *counts, *other]
    return [f"The same as the recorded run: {now['cases']:,} cases, {len(after):,} of them did not pass."]
