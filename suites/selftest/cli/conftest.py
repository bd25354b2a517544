"""What the tests of the command line share: finished runs, and child processes that behave as they are told."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.cli.child import Ended, run_child
from harness.core import CaseOutcome, Finding, Severity, Strength
from harness.report import EndRecord, RunRecord
from harness.report.ledger import CaseResult, Ledger

CHECKLIST = """
checklist: implementation
source: made by hand
items:
  - {id: production.review, section: Production, line: Review, decide: {attestation: The review took place}}
"""


@dataclass
class Recorder:
    """A display that keeps what it is told."""

    events: list[Mapping[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    on_event: Callable[[Mapping[str, Any]], None] = lambda _event: None

    def event(self, event: Mapping[str, Any]) -> None:
        """Keep an event."""
        self.events.append(event)
        self.on_event(event)

    def say(self, text: str) -> None:
        """Keep a message."""
        self.said.append(text)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Child:
    """Runs a Python script the way `golive run` runs pytest. `tell(event, **values)` is defined in the script."""

    folder: Path

    def __call__(self, script: str, recorder: Recorder | None = None) -> Ended:
        """Run it to its end."""
        reading, writing = os.pipe()
        prelude = (
            "import json, os, signal, subprocess, sys, time\n"
            f"def raw(data): os.write({writing}, data)\n"
            "def tell(event, **values): raw((json.dumps(dict(values, event=event)) + '\\n').encode())\n"
        )
        return run_child(
            [sys.executable, "-S", "-c", prelude + script],
            log=self.folder / "pytest.log",
            events=(reading, writing),
            display=recorder or Recorder(),
        )


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """Child processes of this test."""
    return Child(tmp_path)


@pytest.fixture
def recorder() -> Recorder:
    """A display that keeps what it is told."""
    return Recorder()


@pytest.fixture
def finished_run(tmp_path: Path) -> Callable[..., Path]:
    """Makes the directory of a run with one case of the given outcome."""

    def make(
        outcome: CaseOutcome = CaseOutcome.PASSED,
        *,
        blocked: bool = False,
        interrupted: bool = False,
        ended: bool = True,
        target: str = "emulator",
    ) -> Path:
        directory = tmp_path / "golive-report"
        case = "fields/types/XERO/bills"
        finding = Finding(
            "fields.type", Severity.BLOCKER, case, "XERO", "bills", "due_date", "It is a number.", "string", "7"
        )
        ledger = Ledger(directory, "main")
        ledger.case(
            CaseResult(
                id=case,
                kind="fields.types",
                platform="XERO",
                resource="bills",
                detail="",
                plans=("accounts_payable",),
                outcome=outcome,
                reason=None if outcome in {CaseOutcome.PASSED, CaseOutcome.FINDINGS} else "because",
                findings=(finding,) if blocked else (),
                evidence=(),
                requests=0,
                duration=0.1,
                worker="main",
            )
        )
        ledger.close()
        (directory / "checklist.yaml").write_text(CHECKLIST)
        RunRecord(
            golive="0.1.0",
            target=target,
            base_url="http://127.0.0.1:8080/versioned",
            strength=Strength.EMULATED,
            contract_version="2024-08-31",
            started_at="2026-11-24T08:00:00.000Z",
            command="golive run",
            python="3.11.7",
            expected_cases=(case,),
            checklist=str(directory / "checklist.yaml"),
            attestations=str(directory / "attestations.yaml"),
        ).save(directory)
        if ended:
            EndRecord(ended_at="2026-11-24T08:00:30.000Z", interrupted=interrupted).save(directory)
        return directory

    return make
