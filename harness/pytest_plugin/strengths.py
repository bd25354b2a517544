"""The strength of a cassette folder, beside the plans that it was recorded of."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from harness.core import Strength, iso_utc
from harness.errors import UsageError
from harness.plan import load_plan
from harness.pytest_plugin.cassettes import HEADER, header_of
from harness.pytest_plugin.collecting import Selection
from harness.pytest_plugin.replaying import replay_settings
from harness.recording import Shelf
from harness.recording.strength import Score
from harness.recording.strength import strength as measure
from harness.report.run_record import plan_record
from harness.report.strength_record import StrengthRecord


def scores_of(folder: Path) -> list[Score]:
    """The score of each case and shared reading. UsageError when nothing is recorded there."""
    shelf = Shelf(folder)
    scores = [score for path in shelf.files() for score in measure(shelf.open(path))]
    if not scores:
        raise UsageError(f"{folder}: no cassette is there. Record it: golive record")
    return scores


def record_of(folder: Path, scores: Sequence[Score]) -> StrengthRecord | None:
    """What the checklist needs of them; None for files that are no recording of ours, such as imported ones."""
    if not (folder / HEADER).exists():
        return None
    header = header_of(folder)
    selection = Selection(replay_settings(folder, out="", command=""))
    plans = [(path, load_plan(path, selection.contract)) for path in selection.plan_paths]
    emulated = header["world"]["target"]["strength"] == Strength.EMULATED
    return StrengthRecord(
        golive=version("golive"),
        contract_version=header["contract"],
        measured_at=iso_utc(datetime.now(UTC)),
        folder=str(folder),
        seal=header["seal"],
        rests_on=Strength.EMULATED if emulated else Strength.RECORDED,
        plans=tuple(plan_record(path, plan.plan, plan.title) for path, plan in plans),
        cases=len(scores),
        changed=sum(score.missed + score.late + len(score.answered) for score in scores),
        noticed=sum(score.missed + score.late for score in scores),
        controls=sum(score.controls for score in scores),
        lost=sum(len(score.lost) for score in scores),
        weak={score.case: round(score.share, 4) for score in scores if score.share < 1},
    )
