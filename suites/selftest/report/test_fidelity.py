"""Two runs of the same cases, compared exchange by exchange."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core import CaseOutcome, Strength, Verdict
from harness.report import fold
from harness.report.fidelity import compare_runs

A = "fields/types/QUICKBOOKS/bills"
ROWS = [
    {"id": "b2", "updated_at": "2026-02-01T00:00:00Z", "memo": None},
    {"id": "b1", "updated_at": "2026-01-01T00:00:00Z"},
]


def made(run: Any, *, strength: Strength = Strength.EMULATED, finding: bool = False, **answer: Any) -> Path:
    """A run with one list."""
    item = run.exchange(A, **{"answer": {"bills": ROWS, "next_cursor": None}, **answer})
    found = [run.finding(A)] if finding else []
    run.case(A, CaseOutcome.FINDINGS if found else CaseOutcome.PASSED, found, evidence=[item.id])
    directory: Path = run.done(strength=strength)
    return directory


@pytest.mark.parametrize(
    ("other", "aspect"),
    [
        ({}, None),
        ({"answer": {"bills": [{"id": "x", "updated_at": "2025-01-01T00:00:00Z"}], "next_cursor": "c"}}, None),
        ({"status": 400, "answer": {"error_code": "X"}}, "status"),
        ({"answer": {"bills": [{"id": 7, "updated_at": "2025-01-01T00:00:00Z"}]}}, "shape"),
        ({"answer": {"data": {"bills": ROWS}}}, "shape"),
        ({"answer": {"bills": ROWS[::-1], "next_cursor": None}}, "order"),
        ({"finding": True}, "laws"),
    ],
    ids=["the same", "other data", "other status", "other type", "other envelope", "other order", "other law"],
)
def test_what_differs_is_named(make_run: Callable[[str], Any], other: dict[str, Any], aspect: str | None) -> None:
    """Other data are no difference; another status, type, envelope, order or finding is, by its name."""
    record = compare_runs(made(make_run("a")), made(make_run("b"), **other), floor=0.95)
    unlike = [name for name, item in record.operations[0].aspects.items() if item.agreed < item.compared]
    assert (unlike[0] if unlike else None) == aspect
    assert bool(record.below) is (aspect is not None)


def test_error_codes_are_compared(make_run: Callable[[str], Any]) -> None:
    """Two refusals with the same status and another code are not alike."""
    left = made(make_run("a"), status=401, answer={"error_code": "INVALID_CREDENTIALS"})
    right = made(make_run("b"), status=401, answer={"error_code": "UNAUTHORIZED"})
    assert compare_runs(left, right, floor=0.9).operations[0].aspects["errors"].score == 0.0


def test_emulated_evidence_below_the_floor_is_no_go(make_run: Callable[[str], Any]) -> None:
    """A go that rests on an operation which the emulator answers otherwise than the live API becomes inconclusive."""
    emulated = made(make_run("a"))
    assert fold(emulated).verdict.verdict is Verdict.GO
    live = made(make_run("b"), strength=Strength.LIVE, answer={"bills": [{"id": 7}]})
    compare_runs(emulated, live, floor=0.95).save(emulated)
    report = fold(emulated)
    assert report.verdict.verdict is Verdict.INCONCLUSIVE
    assert "bills.list" in report.verdict.reasons[0]
    assert report.fidelity == 0.0 or (report.fidelity or 1) < 0.95


def test_two_live_targets_say_nothing_of_the_emulator(make_run: Callable[[str], Any]) -> None:
    """A comparison without the emulator does not weaken emulated evidence."""
    emulated = made(make_run("a"))
    left = made(make_run("b"), strength=Strength.LIVE)
    right = made(make_run("c"), strength=Strength.LIVE, answer={"bills": [{"id": 7}]})
    compare_runs(left, right, floor=0.95).save(emulated)
    assert fold(emulated).verdict.verdict is Verdict.GO
