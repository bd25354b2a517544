"""The table of defects and checks: every defect is noticed, every check notices one, the clean emulator trips none."""

import pytest

from harness.backend.defects import all_defects as backend_defects
from harness.checks import all_checks
from harness.emulator.defects import all_defects
from harness.report.proof_record import Outcome

JUDGED_ELSEWHERE = frozenset(
    {
        "config.credentials",
        "ledger.agrees",
        "contract.answer",
        "contract.refusal",
        "contract.acceptance",
        "queries.steady",
        "hygiene.rate_limit",
    }
)
"""The first needs two organisations; `queries.steady` a fault of one moment, which no defect that stays on is;
`hygiene.rate_limit` a run that keeps to a rate; the others are proven on demand. suites/selftest/{checks,searching}
have tests."""


@pytest.mark.parametrize("name", all_defects())
def test_every_defect_is_noticed(proof, name):
    """Each check that a defect names finds it, at a place that the defect really changed, and votes."""
    row = next(row for row in proof.rows if row.defect == name)
    assert row.outcome is Outcome.CAUGHT, f"{row.about}: met {row.met}, noticed elsewhere by {row.misplaced}"
    assert set(row.wanted) <= {item.check for item in row.noticed}


def test_every_check_notices_a_defect():
    """No check is without a defect that trips it: a check that nothing trips may check nothing."""
    tripped = {check for defect in all_defects().values() for check in defect.trips}
    tripped |= {check for defect in backend_defects().values() for check in defect.trips}
    assert set(all_checks()) - tripped == JUDGED_ELSEWHERE


def test_the_clean_emulator_trips_nothing(proof):
    """Before the defects and after them, the same cases find nothing."""
    assert proof.false_alarms == ()
    assert proof.clean_cases > 300
