"""Pass rates with intervals; the worst attempt decides."""

from typing import Any

import pytest

from harness.core import CaseOutcome, Verdict
from harness.report import fold
from harness.report.repeating import wilson

A = "fields/types/QUICKBOOKS/bills"


@pytest.mark.parametrize(
    ("held", "made", "interval"),
    [
        (0, 0, (0.0, 1.0)),
        (5, 5, (0.5655, 1.0)),
        (0, 5, (0.0, 0.4345)),
        (9, 10, (0.5958, 0.9821)),
        (1, 2, (0.0945, 0.9055)),
    ],
)
def test_the_interval_is_that_of_wilson(held: int, made: int, interval: tuple[float, float]) -> None:
    """Five of five is no proof of always: the interval says how little few attempts know (values of R's binom)."""
    assert wilson(held, made) == pytest.approx(interval, abs=1e-4)


def test_the_worst_attempt_decides(run: Any) -> None:
    """A case that held nine times and failed once is no go, and the report says how often it held."""
    for _ in range(9):
        run.case(A)
    run.case(A, CaseOutcome.FINDINGS, [run.finding(A)])
    report = fold(run.done(repeat=10))
    case = report.cases[0]
    assert report.verdict.verdict is Verdict.NO_GO
    assert (case.attempts, case.held, case.pass_rate) == (10, 9, wilson(9, 10))


def test_an_attempt_that_is_missing_is_no_pass(run: Any) -> None:
    """Two results where three were asked are inconclusive."""
    run.case(A)
    run.case(A)
    assert fold(run.done(repeat=3)).verdict.verdict is Verdict.INCONCLUSIVE
