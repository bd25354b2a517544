"""The rollout ledger: what it lets start, what it says of the checklist, and that it cannot be edited."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from harness.cli.rolling import RollSettings
from harness.cli.rollout_start import may_start, reservations
from harness.core import Strength
from harness.core.measurement import StageOutcome
from harness.errors import StorageError, UsageError
from harness.plan.model import ChecklistItem, Decide
from harness.plan.rollout import Rollout
from harness.report.model import ItemState
from harness.report.rollout_item import RolloutRecord, by_rollout
from harness.report.rollout_ledger import LedgerEntry, append_entry, read_ledger
from harness.rollout.work import Work


def entry(plan: Rollout, stage: str, outcome: StageOutcome = StageOutcome.PROMOTE, **changes: object) -> LedgerEntry:
    """An entry of today's version of the plan."""
    values = {
        "at": "2026-11-24T10:00:00+00:00", "plan": plan.rollout, "digest": plan.digest, "stage": stage,
        "target": "emulator", "strength": Strength.EMULATED, "backend": "none", "outcome": outcome, "reasons": (),
        "limited": 0, "feasible": True, "report": "somewhere", **changes,
    }  # fmt: skip
    return LedgerEntry.model_validate(values)


@pytest.fixture
def settings(tmp_path: Path) -> RollSettings:
    """Settings with a ledger of this test."""
    return RollSettings(tmp_path / "golive-rollout", "emulator", "golive rollout")


def test_the_first_stage_may_always_start(plan: Rollout, settings: RollSettings) -> None:
    """Nothing has to be promoted before the first stage."""
    may_start(plan, plan.stages[0], settings.out, "emulator", "none")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outcome": StageOutcome.HOLD}, "was not promoted"),
        ({"outcome": StageOutcome.INVALID}, "was not promoted"),
        ({"digest": "0" * 64}, "another version"),
        ({"backend": "1.2.2"}, "another version"),
        ({"target": "sandbox"}, "another version"),
        ({"stage": "half"}, "was not tested"),
    ],
)
def test_a_stage_needs_the_one_before(
    plan: Rollout, settings: RollSettings, changes: dict[str, object], told: str
) -> None:
    """A stage is refused unless the one before was promoted on the same plan, backend and target."""
    append_entry(settings.ledger, entry(plan, "canary").model_copy(update=changes))
    with pytest.raises(UsageError, match=told):
        may_start(plan, plan.stages[1], settings.out, "emulator", "none")


def test_the_last_word_on_a_stage_counts(plan: Rollout, settings: RollSettings) -> None:
    """A stage that was promoted and then held does not let the next one start; promoted again it does."""
    append_entry(settings.ledger, entry(plan, "canary"))
    may_start(plan, plan.stages[1], settings.out, "emulator", "none")
    append_entry(settings.ledger, entry(plan, "canary", StageOutcome.HOLD))
    with pytest.raises(UsageError):
        may_start(plan, plan.stages[1], settings.out, "emulator", "none")
    append_entry(settings.ledger, entry(plan, "canary"))
    may_start(plan, plan.stages[1], settings.out, "emulator", "none")


def test_an_edited_ledger_promotes_nothing(plan: Rollout, settings: RollSettings) -> None:
    """A line that was changed by hand breaks the chain, and the ledger is refused with its line."""
    for outcome in (StageOutcome.HOLD, StageOutcome.PROMOTE):
        append_entry(settings.ledger, entry(plan, "canary", outcome))
    text = settings.ledger.read_text(encoding="utf-8")
    settings.ledger.write_text(text.replace('"hold"', '"promote"', 1), encoding="utf-8")
    with pytest.raises(StorageError, match=r"ledger.ndjson:2: the chain is broken"):
        read_ledger(settings.ledger)


def test_a_ledger_of_an_earlier_version_goes_on(plan: Rollout, settings: RollSettings) -> None:
    """Lines from before rollbacks were rehearsed keep their hash, and lines with a rehearsal follow them."""
    old = append_entry(settings.ledger, entry(plan, "canary"))
    assert "rollback_seconds" not in settings.ledger.read_text(encoding="utf-8")
    append_entry(settings.ledger, entry(plan, "early", rollback_seconds=1.5))
    assert [item.rollback_seconds for item in read_ledger(settings.ledger)] == [old.rollback_seconds, 1.5]


def test_a_promotion_is_believed_with_its_report_only(plan: Rollout, settings: RollSettings) -> None:
    """The end of the chain is held by the reports: an edited last line, a changed or missing report and a line that was
    taken away let nothing start, and leave the checklist undecided."""

    def told() -> str:
        with pytest.raises(UsageError) as raised:
            may_start(plan, plan.stages[1], settings.out, "emulator", "none")
        record = RolloutRecord.load(settings.out.parent / "report")
        assert record.problem is not None
        assert record.problem.removesuffix(".") in str(raised.value).replace("stage canary", "Stage canary")
        return str(raised.value)

    def report(name: str, outcome: str) -> str:
        folder = settings.out / name
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"stage": "canary", "digest": plan.digest, "backend_version": "none", "target": "emulator",
                           "started_at": "2026-11-24T10:00:00+00:00", "outcome": outcome})  # fmt: skip
        (folder / "report.json").write_text(text)
        return hashlib.sha256(text.encode()).hexdigest()

    def tested(name: str, outcome: str) -> None:
        digest = report(name, outcome)
        append_entry(settings.ledger, entry(plan, "canary", StageOutcome(outcome), report=name, report_hash=digest))

    tested("canary-1", "promote")
    may_start(plan, plan.stages[1], settings.out, "emulator", "none")
    tested("canary-2", "hold")
    lines = settings.ledger.read_text().splitlines(keepends=True)
    settings.ledger.write_text("".join(lines).replace('"hold"', '"promote"'))
    assert "report canary-2/report.json says otherwise: the ledger was changed by hand" in told()
    settings.ledger.write_text(lines[0])
    assert "the ledger lacks a later test of the stage: canary-2" in told()
    settings.ledger.write_text("".join(lines))
    tested("canary-3", "promote")
    may_start(plan, plan.stages[1], settings.out, "emulator", "none")
    report("canary-3", "hold")
    assert "canary-3/report.json is not what the ledger speaks of" in told()
    (settings.out / "canary-3" / "report.json").unlink()
    assert "canary-3/report.json cannot be read: No such file" in told()


def test_what_does_not_fit_or_was_played_too_short_is_not_promoted(plan: Rollout) -> None:
    """Gates of a test that played a part of the load, or a part of the time, promote nothing by themselves."""
    work = Work("canary", "", "", 30.0, 1, ())
    assert list(reservations(plan, plan.stages[0], work)) == []
    (short,) = reservations(plan, plan.stages[0], replace(work, seconds=29.0))
    assert short == "29 s were played, the plan wants 30s: a shorter test promotes nothing"
    large = plan.model_copy(update={"connections": 800_000})
    fits = [list(reservations(large, stage, replace(work, seconds=60.0))) for stage in large.stages]
    assert fits[0] == []
    assert fits[-1][0].startswith("the stage does not fit under the limits: ")
    assert fits[-1][0].endswith("(golive capacity --stage everyone)")


def decided(
    plan: Rollout, entries: tuple[LedgerEntry, ...], ask: str = "stages", today: str = "2026-11-25"
) -> ItemState:
    """What the checklist says of a line that asks for it."""
    item = ChecklistItem(id="production.testing", section="s", line="l", decide=Decide(rollout=ask))  # type: ignore[arg-type]
    record = RolloutRecord(plan, entries)
    return by_rollout(item, ask, record, target="emulator", today=date.fromisoformat(today), days=30).state


def test_the_checklist_is_decided_by_the_ledger(plan: Rollout) -> None:
    """All stages promoted is go, some are inconclusive, a lost gate is no_go, old or other tests do not count."""
    whole = tuple(entry(plan, stage.stage) for stage in plan.stages)
    assert decided(plan, whole) is ItemState.GO
    assert decided(plan, whole[:-1]) is ItemState.INCONCLUSIVE
    assert decided(plan, ()) is ItemState.INCONCLUSIVE
    assert decided(plan, whole, today="2027-02-01") is ItemState.INCONCLUSIVE
    lost = entry(plan, "half", StageOutcome.ROLL_BACK, reasons=("gate errors <= 1% is lost: 4 of 100",))
    assert decided(plan, (*whole, lost)) is ItemState.NO_GO
    assert decided(plan, (*whole, entry(plan, "half", StageOutcome.INVALID))) is ItemState.INCONCLUSIVE
    assert decided(plan, (*whole, entry(plan, "half", limited=2)), "rate_limit") is ItemState.NO_GO
    assert (
        decided(plan, tuple(item.model_copy(update={"digest": "0" * 64}) for item in whole)) is ItemState.INCONCLUSIVE
    )
