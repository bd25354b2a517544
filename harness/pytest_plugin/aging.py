"""Cassettes beside the plans and the contract of today."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from harness.contract import Contract
from harness.contract.answers import problems_of_answer
from harness.plan import load_plan
from harness.pytest_plugin.cassettes import HEADER, header_of
from harness.pytest_plugin.collecting import Selection
from harness.pytest_plugin.replaying import replay_settings
from harness.recording import Shelf
from harness.recording.drift import Drifted, Expiry, drift
from harness.recording.drift import expired as expiry_of
from harness.recording.interaction import Interaction


def drifted(folder: Path, today: date) -> Iterator[Drifted]:
    """What has become of a cassette folder: compared with the cases that its plans ask for, with the contract, and
    with how long each plan lets recordings count."""
    selection = Selection(replay_settings(folder, out="", command=""))
    contract = selection.contract
    cases: dict[str, list[str]] = {}
    for case in selection.cases:
        cases.setdefault(case.group, []).append(case.id)

    def fits(item: Interaction) -> Iterable[str]:
        return _problems(contract, item)

    return drift(Shelf(folder), cases, contract.version, fits, expiries(selection), today)


def expired(selection: Selection, today: date) -> list[Drifted]:
    """The plans for which the cassettes of a replay count no more."""
    folder = Path(selection.settings.cassettes)
    return list(expiry_of(str(folder / HEADER), header_of(folder)["recorded_on"], expiries(selection), today))


def expiries(selection: Selection) -> list[Expiry]:
    """How long the recordings of each plan count."""
    plans = [load_plan(path, selection.contract) for path in selection.plan_paths]
    return [Expiry(plan.plan, plan.recordings.days, plan.recordings.then == "fail") for plan in plans]


def _problems(contract: Contract, item: Interaction) -> Iterable[str]:
    answer = item.answered
    if answer.kind != "json" or answer.status is None:
        return ()
    path = item.asked.uri.partition("?")[0]
    return problems_of_answer(contract, item.asked.method, path, answer.status, answer.body)
