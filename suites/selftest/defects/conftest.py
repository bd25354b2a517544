"""Runs cases of the suite in this process against an emulator with a defect switched on."""

import importlib.util
import inspect
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.checks import all_checks
from harness.checks.hygiene import HYGIENE, Exchanges
from harness.contract import load_contract
from harness.core import Finding, SystemClock
from harness.drive import Inconclusive, Session, discover, resolve_target
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.emulator.defects import Defect
from harness.plan import default_plan_paths, expand, load_plans, merge
from harness.plan.case import Case
from harness.pytest_plugin.caserun import Judge
from harness.pytest_plugin.proof import Proof

SUITE = Path(__file__).resolve().parents[2] / "golive"
PLATFORM = "QUICKBOOKS"


def suite_functions() -> dict[str, Any]:
    """Kind of case -> the test function of the suite that proves it."""
    functions = {}
    for path in sorted(SUITE.glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"golive_suite_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for function in vars(module).values():
            for mark in getattr(function, "pytestmark", ()):
                functions.update(dict.fromkeys(mark.args, function) if mark.name == "case" else {})
    return functions


class Lab:
    """One emulator, and the cases of the shipped plans to run against it."""

    def __init__(self, emulator: EmulatorProcess, directory: Path) -> None:
        self.emulator = emulator
        self.directory = directory
        self.contract = load_contract()
        plans = load_plans(default_plan_paths(), self.contract, check_ids=frozenset(all_checks()))
        self.requirements = {(item.platform, item.resource): item for item in merge(plans, self.contract)}
        self.cases = expand(self.requirements.values(), self.contract)
        self.functions = suite_functions()
        self.runs = 0

    def switch(self, *names: str) -> None:
        """Switch these defects on and all others off."""
        root = self.emulator.base_url.removesuffix("/versioned")
        httpx.post(f"{root}/_emulator/defects", json={"names": list(names)}).raise_for_status()

    def chosen(self, defect: Defect) -> list[Case]:
        """The cases that could notice a defect, those of the areas that have to notice first."""
        areas = {check.partition(".")[0] for check in defect.trips}
        where = {None} if defect.resource == "api" else {defect.resource, None}
        found = [case for case in self.cases if case.platform == PLATFORM and case.resource in where]
        return sorted(found, key=lambda case: case.area not in areas)

    def findings(self, cases: list[Case], wanted: frozenset[str]) -> list[Finding]:
        """What the cases find, until every wanted check has found something."""
        self.runs += 1
        target = resolve_target("emulator", environ=self.emulator.environment(), settings_file=Path("none.toml"))
        found: list[Finding] = []
        session = Session(
            discover(target, [PLATFORM], rate="off"), self.contract, requirements=self.requirements,
            record=lambda _: None, directory=self.directory, worker=f"lab{self.runs}", redaction_key=b"key",
            clock=SystemClock(),
        )  # fmt: skip
        seen: dict[str, str] = {}
        try:
            for case in cases:
                found += self._run(session, case, seen)
                if wanted and wanted <= {item.check for item in found}:
                    break
        finally:
            session.close()
        return found

    def _run(self, session: Session, case: Case, seen: dict[str, str]) -> list[Finding]:
        judge, drive = Judge(frozenset()), session.drive(case)
        have = {"case": case, "drive": drive, "judge": judge, "proof": Proof(drive, case, judge)}
        function = self.functions[case.kind]
        with suppress(Inconclusive):
            function(**{name: have[name] for name in inspect.signature(function).parameters})
        judge(Exchanges.of(case.id, case.platform, case.resource, drive.evidence, seen), *HYGIENE)
        return judge.findings


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """An emulator of this worker's own."""
    emulator = EmulatorProcess.start(EmulatorSettings(rate_limit=0))
    try:
        yield Lab(emulator, tmp_path_factory.mktemp("lab"))
    finally:
        emulator.stop()
