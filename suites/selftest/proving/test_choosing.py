"""Which cases could notice, in which order, and when a trial has shown enough."""

import pytest

from harness.emulator.defects import all_defects
from harness.plan.case import Case
from harness.proving.bench import enough
from harness.proving.choosing import PROBES, candidates, clean_trials, trial_of
from harness.proving.orders import CaseFacts, Found, Trial, TrialResult

PAGES = Case("queries.pages", "XERO", "bills")
LIMIT = Case("queries.limit", "XERO", "bills")
TYPES = Case("fields.types", "XERO", "bills")
OTHER = Case("queries.limit", "XERO", "vendors")
API = Case("errors.no_token", "XERO", None)
FACTS = {
    PAGES.id: CaseFacts(PAGES.id, "passed", 9, 0.2, ("queries.limit", "queries.pages_complete")),
    LIMIT.id: CaseFacts(LIMIT.id, "passed", 3, 0.1, ("queries.limit",)),
    TYPES.id: CaseFacts(TYPES.id, "passed", 1, 0.1, ("fields.type",)),
    OTHER.id: CaseFacts(OTHER.id, "passed", 1, 0.1, ("queries.limit",)),
    API.id: CaseFacts(API.id, "passed", 1, 0.1, ("errors.missing",)),
}
DEFECT = all_defects()["limit_ignored"]


def test_the_cheapest_case_that_judges_it_comes_first():
    """Cases that judged with the check of a defect come first, cheapest first; those of other areas not at all."""
    assert candidates(DEFECT, [PAGES, TYPES, OTHER, API, LIMIT], FACTS) == [LIMIT, PAGES]


def test_other_places_are_probed_when_the_plans_lack_the_resource():
    """A plan without the resource of a defect is tried elsewhere, and given up when nothing met it."""
    trial = trial_of(DEFECT, [OTHER, API], FACTS, thorough=False, votes=True)
    assert (trial.cases, trial.probe) == ((OTHER.id,), PROBES)
    assert trial_of(DEFECT, [LIMIT], FACTS, thorough=False, votes=True).probe == 0


def test_clean_trials_keep_groups_together():
    """Without a defect every case runs once, in the groups that a run keeps together."""
    trials = clean_trials([PAGES, OTHER, LIMIT])
    assert [trial.cases for trial in trials] == [(PAGES.id, LIMIT.id), (OTHER.id,)]


def found(check: str, *, right: bool = True) -> Found:
    """A finding in short."""
    return Found(check, "bills", None, LIMIT.id, right, 3, 0.1, "it is wrong")


@pytest.mark.parametrize(
    ("thorough", "seen", "done"),
    [
        (False, [], False),
        (False, [found("a.one", right=False)], False),
        (False, [found("a.one")], True),
        (True, [found("a.one")], False),
        (True, [found("a.one"), found("a.two")], True),
    ],
    ids=["nothing", "wrong place", "first", "thorough, one of two", "thorough, both"],
)
def test_a_trial_ends_when_it_has_shown_enough(thorough, seen, done):
    """The first finding that counts ends a trial; a thorough one waits for every check."""
    trial = Trial("x", ("x",), (), ("a.one", "a.two"), thorough=thorough)
    assert enough(trial, seen) is done


def test_orders_survive_the_line():
    """What a bench is told, and what it tells, are the same after their way through a pipe."""
    trial = trial_of(DEFECT, [LIMIT], FACTS, thorough=True, votes=True)
    result = TrialResult("x", (FACTS[LIMIT.id],), (found("a.one"),), (("bills", "list", 3),), 0.5)
    assert Trial.loads(trial.dumps()) == trial
    assert TrialResult.loads(result.dumps()) == result
