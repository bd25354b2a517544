"""A bench: one long-lived pytest session with an emulator of its own, on which cases run again and again.

pytest stays the only runner of cases: the tests of the suite are collected once, and each trial runs some of them
through pytest's own protocol, fixtures and all. What differs from a run is only what becomes of the results.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from time import perf_counter

import httpx
import pytest
from _pytest.runner import runtestprotocol

from harness.core import CaseOutcome, Evidence, Finding, Severity, SystemClock
from harness.drive import Session, discover, resolve_target
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.errors import HarnessError
from harness.plan.case import Case
from harness.proving.orders import BenchOrder, CaseFacts, Found, Trial, TrialResult
from harness.pytest_plugin.caserun import Judge
from harness.pytest_plugin.collecting import Selection, case_of
from harness.pytest_plugin.process import ProvingProcess
from harness.pytest_plugin.settings import RunSettings
from harness.report.ledger import CaseResult, Ledger

BASE = "/versioned"
Met = tuple[tuple[str, str, int], ...]
"""(resource or `api`, operation, how often): what the defects changed."""


class BenchProcess(ProvingProcess):
    """The process of a run whose results are looked at and thrown away."""

    last: CaseResult | None = None
    judges: Judge | None = None

    def reset(self) -> None:
        """Another case is about to start."""
        self.last, self.judges = None, None

    def judge(self, case: Case) -> Judge:
        """The judge of a case, remembered for the checks that it runs."""
        self.judges = super().judge(case)
        return self.judges

    def record(self, result: CaseResult) -> None:
        """Keep the result of the case that just ended; its evidence is not needed any more."""
        self.last = result
        self.pending.clear()


class Bench:
    """One emulator, one session, and the collected tests by the case that each proves."""

    def __init__(self, order: BenchOrder) -> None:
        self._order = order
        self.selection = selection_of(order)
        self._seed: int | None = None
        self.emulator = self._start()
        self._admin = self._administrator()
        pending: list[Evidence] = []
        ledger = Ledger(Path(order.directory), "bench")
        self.process = BenchProcess(self.selection, "bench", ledger, self._session(pending), pending=pending)

    def run(self, trial: Trial, items: Mapping[str, pytest.Item]) -> TrialResult:
        """Switch the defects on, run the cases until what is looked for was found, switch them off."""
        started = perf_counter()
        if trial.seed != self._seed:
            self._begin_anew(trial.seed)
        self._switch(trial.defects)
        self.process.session.forget()
        self.process.request_ids.clear()
        facts: list[CaseFacts] = []
        found: list[Found] = []
        requests = 0
        try:
            for number, id in enumerate(trial.cases, start=1):
                before = self._met() if trial.defects and is_about_the_api(items[id]) else None
                fact, findings = self._case(items[id])
                facts.append(fact)
                requests += fact.requests
                places = self._places(trial, before) if findings and trial.defects else frozenset[str]()
                elapsed = perf_counter() - started
                found += [_short(item, trial, places, requests, elapsed) for item in findings]
                if enough(trial, found) or (number == trial.probe and not self._met()):
                    break
            met = self._met()
        finally:
            self._switch(())
        return TrialResult(trial.name, tuple(facts), tuple(found), met, round(perf_counter() - started, 4))

    def close(self) -> None:
        """Close everything and stop the emulator."""
        self._admin.close()
        self.process.session.close()
        self.process.ledger.close()
        self.emulator.stop()

    def _start(self) -> EmulatorProcess:
        settings = EmulatorSettings(rate_limit=0)
        if self._seed is not None:
            settings = settings.with_options({"seed": str(self._seed)})
        return EmulatorProcess.start(settings)

    def _administrator(self) -> httpx.Client:
        return httpx.Client(base_url=self.emulator.base_url.removesuffix(BASE))

    def _session(self, pending: list[Evidence]) -> Session:
        folder = Path(self._order.directory)
        target = resolve_target(
            "emulator", environ=self.emulator.environment(), settings_file=folder / "none.toml"
        )  # fmt: skip
        platforms = tuple(dict.fromkeys(case.platform for case in self.selection.cases))
        return Session(
            discover(target, platforms, rate="off"), self.selection.contract,
            requirements=self.selection.requirements, record=pending.append, directory=folder, worker="bench",
            redaction_key=b"proving", clock=SystemClock(),
        )  # fmt: skip

    def _begin_anew(self, seed: int | None) -> None:
        """Another emulator, with other books."""
        self._admin.close()
        self.process.session.close()
        self.emulator.stop()
        self._seed = seed
        self.emulator = self._start()
        self._admin = self._administrator()
        self.process.session = self._session(self.process.pending)

    def _case(self, item: pytest.Item) -> tuple[CaseFacts, tuple[Finding, ...]]:
        self.process.reset()
        reports = runtestprotocol(item, log=False, nextitem=None)
        result = self.process.last
        if result is None:
            told = next((report.longreprtext for report in reports if report.failed), "it left no result")
            raise HarnessError(f"{item.name} could not start: {told.strip().splitlines()[-1]}")
        checks = tuple(self.process.judges.checks) if self.process.judges else ()
        fact = CaseFacts(result.id, str(result.outcome), result.requests, result.duration, checks, result.reason)
        return fact, () if result.outcome is CaseOutcome.ERROR else result.findings

    def _switch(self, names: Iterable[str]) -> None:
        self._admin.post("/_emulator/defects", json={"names": list(names)}).raise_for_status()

    def _met(self) -> Met:
        answer = self._admin.get("/_emulator/defects").raise_for_status().json()
        return tuple((item["resource"] or "api", item["operation"] or "other", item["count"]) for item in answer["met"])

    def _places(self, trial: Trial, before: Met | None) -> frozenset[str]:
        """Where a finding counts: at the place of the defect, and wherever it really changed something. A case about
        the API as a whole counts as a place when the defect changed something in it."""
        met = self._met()
        whole = {"api"} if before is not None and met != before else set()
        return frozenset({*trial.places, *whole, *(resource for resource, _, _ in met)})


def selection_of(order: BenchOrder) -> Selection:
    """The cases of the plans, each resource on its home platform, those of the API on the first one; without homes all
    cases on all platforms."""
    if not order.homes:
        return Selection(RunSettings(plans=order.plans, settings_file="none.toml"))
    platforms = tuple(dict.fromkeys(order.homes.values()))
    found = Selection(RunSettings(plans=order.plans, platforms=platforms, settings_file="none.toml"))
    first = platforms[0]
    found.__dict__["cases"] = [
        case for case in found.cases if case.platform == (order.homes.get(case.resource) if case.resource else first)
    ]
    return found


def enough(trial: Trial, found: Iterable[Found]) -> bool:
    """Whether a trial has shown what it was to show."""
    right = {item.check for item in found if item.right}
    return bool(right) and (not trial.thorough or right.issuperset(trial.until))


def _short(finding: Finding, trial: Trial, places: frozenset[str], requests: int, seconds: float) -> Found:
    resource = finding.resource or "api"
    area = finding.check.partition(".")[0]
    votes = finding.severity is Severity.BLOCKER or not trial.votes
    return Found(
        check=finding.check,
        resource=resource,
        field=finding.field,
        case=finding.case,
        right=bool(trial.defects) and resource in places and area in trial.areas and votes,
        requests=requests,
        seconds=round(seconds, 3),
        message=finding.message[:200],
    )


def is_about_the_api(item: pytest.Item) -> bool:
    """Whether a test proves a case about the API as a whole."""
    case = case_of(item)
    return case is not None and case.resource is None


def by_case(items: Iterable[pytest.Item]) -> dict[str, pytest.Item]:
    """The collected tests by the id of the case that each proves."""
    return {case.id: item for item in items for case in [case_of(item)] if case is not None}
