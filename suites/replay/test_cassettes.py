"""Beside the cases of suites/golive, which are played from the checked-in cassettes: what the files themselves must be.

`pytest suites/replay -n auto` collects both; `make cassettes` records again.
"""

from datetime import date
from pathlib import Path

from harness.contract import load_contract
from harness.plan import default_plan_paths, load_plan
from harness.pytest_plugin.aging import drifted
from harness.recording import Shelf
from harness.recording.audit import audit

CASSETTES = Path(__file__).resolve().parents[2] / "cassettes"
LARGEST = 20_000_000
"""Bytes of all cassettes: they live in the repository."""


def test_every_plan_is_recorded_and_nothing_has_drifted():
    """Each case that the plans ask for is recorded, none is recorded that they do not, and answers fit the contract."""
    recorded = date.fromisoformat(Shelf(CASSETTES).open(Shelf(CASSETTES).files()[0]).header["recorded_on"])
    assert [item for item in drifted(CASSETTES, recorded) if item.fails] == [], "make cassettes"


def test_each_shipped_plan_has_its_resources_in_the_cassettes():
    """No shipped plan is left out of the recording."""
    contract = load_contract()
    recorded = {str(Shelf(CASSETTES).open(path).header["group"]).partition(":")[2] for path in Shelf(CASSETTES).files()}
    wanted = {path.stem: set(load_plan(path, contract).resources) for path in default_plan_paths()}
    assert len(wanted) >= 6
    assert {plan: resources - recorded for plan, resources in wanted.items() if resources - recorded} == {}


def test_the_cassettes_hold_no_secret_and_stay_small():
    """Nothing in the folder has the shape of a secret, and it is small enough for a repository."""
    assert audit([CASSETTES]) == []
    assert sum(file.stat().st_size for file in CASSETTES.rglob("*")) < LARGEST
