"""The line of the checklist that the strength of the cassettes decides: never go without a measurement that fits."""

from pathlib import Path
from typing import Any

import pytest

from harness.core import Strength
from harness.errors import StorageError
from harness.plan.model import ChecklistItem, Decide
from harness.report.model import ItemState
from harness.report.run_record import PlanRecord
from harness.report.strength_item import by_strength
from harness.report.strength_record import STRENGTH_FILE, StrengthRecord

PLAN = PlanRecord(plan="bills", title="Bills", path="plans/bills.yaml", sha256="a" * 64)
OTHER = PLAN.model_copy(update={"sha256": "b" * 64})
ITEM = ChecklistItem(id="golive.cassettes", section="s", line="l", decide=Decide(strength=1))
MEASURED = StrengthRecord(
    golive="1", contract_version="v", measured_at="2026-01-01T00:00:00.000Z", folder="cassettes", seal="0" * 12,
    rests_on=Strength.EMULATED, plans=(PLAN,), cases=2, changed=10, noticed=10, controls=3, lost=0, weak={},
)  # fmt: skip

CASES: dict[str, tuple[dict[str, Any] | None, tuple[PlanRecord, ...], ItemState, str]] = {
    "all noticed": ({}, (PLAN,), ItemState.GO, "10 of 10 changed requests noticed in 2 cases"),
    "not measured": (None, (PLAN,), ItemState.INCONCLUSIVE, "Nobody has measured"),
    "another plan": ({}, (OTHER,), ItemState.INCONCLUSIVE, "of other plans: bills"),
    "one unnoticed": ({"noticed": 9, "weak": {"a": 0.5}}, (PLAN,), ItemState.NO_GO, "floor is 100%. The weakest is a"),
    "a control lost": ({"lost": 1}, (PLAN,), ItemState.NO_GO, "another order of keys not found"),
    "nothing changed": ({"changed": 0, "noticed": 0}, (PLAN,), ItemState.NO_GO, "the floor is 100%"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_line_follows_the_measurement(name: str) -> None:
    """Go only for cassettes of these plans that notice everything; no data is inconclusive."""
    change, plans, state, why = CASES[name]
    record = None if change is None else MEASURED.model_copy(update=change)
    entry = by_strength(ITEM, 1.0, record, plans)
    assert (entry.state, why in entry.why) == (state, True), entry.why
    assert (entry.command is None) == (state is ItemState.GO)
    assert (entry.strength is Strength.EMULATED) == (state is not ItemState.INCONCLUSIVE)


def test_the_measurement_is_kept(tmp_path: Path) -> None:
    """What is saved is read again; a damaged file is an error that names it, and none is none."""
    assert StrengthRecord.load(tmp_path) is None
    assert MEASURED.save(tmp_path) == tmp_path / STRENGTH_FILE
    assert StrengthRecord.load(tmp_path) == MEASURED
    (tmp_path / STRENGTH_FILE).write_text("{}")
    with pytest.raises(StorageError, match=rf"{STRENGTH_FILE}: damaged"):
        StrengthRecord.load(tmp_path)
