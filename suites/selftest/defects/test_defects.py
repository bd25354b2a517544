"""The table of defects and checks: every defect is noticed, every check notices one, the clean emulator trips none."""

import pytest

from harness.checks import all_checks
from harness.emulator.defects import all_defects

JUDGED_ELSEWHERE = frozenset({"config.credentials"})
"""Needs two organisations; suites/selftest/checks has its tests."""


@pytest.mark.parametrize("name", all_defects())
def test_every_defect_is_noticed(lab, name):
    """Each check that a defect names finds it, at the resource that has it."""
    defect = all_defects()[name]
    lab.switch(name)
    try:
        found = lab.findings(lab.chosen(defect), frozenset(defect.trips))
    finally:
        lab.switch()
    noticed = {item.check for item in found}
    assert set(defect.trips) <= noticed, f"{defect.about}: noticed by {sorted(noticed) or 'nothing'}"


def test_every_check_notices_a_defect():
    """No check is without a defect that trips it: a check that nothing trips may check nothing."""
    tripped = {check for defect in all_defects().values() for check in defect.trips}
    assert set(all_checks()) - tripped == JUDGED_ELSEWHERE


def test_the_clean_emulator_trips_nothing(lab):
    """Without a defect the same cases find nothing."""
    cases = [
        case for case in lab.cases if case.platform == "QUICKBOOKS" and case.resource in {"bills", "vendors", None}
    ]
    assert lab.findings(cases, frozenset()) == []
