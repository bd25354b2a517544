"""Which cases meet which seed."""

from harness.plan.case import Case
from harness.proving.seeds import CASES_PER_SEED, trials_of

CASES = [Case("fields.types", "XERO", f"r{group}", str(number)) for group in range(7) for number in range(25)]


def test_groups_stay_whole_and_take_turns() -> None:
    """Each seed gets whole groups, another choice than the seed before, and no group is left out."""
    trials = trials_of(CASES, 7)
    assert len({trial.seed for trial in trials}) == 7
    assert all(len(trial.cases) >= CASES_PER_SEED for trial in trials)
    assert all(len(trial.cases) % 25 == 0 for trial in trials)
    assert {case for trial in trials for case in trial.cases} == {case.id for case in CASES}
    assert trials[0].cases != trials[1].cases
