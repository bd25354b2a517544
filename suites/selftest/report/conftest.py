"""Runs made by hand: a directory as a run leaves it behind, without a target."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.core import CaseOutcome, Evidence, Finding, Redactor, Severity, Strength
from harness.core.exchange import Exchange, Request, Response
from harness.report import EndRecord, RunRecord
from harness.report.declared import Declared, DeclaredResource
from harness.report.ledger import CaseResult, Ledger

START = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
SECRET_TOKEN = "access-sandbox-5e1f-topsecret"
SECRET_BASIC = "Basic Y2xpZW50OnRvcHNlY3JldC1iYXNpYw=="

CHECKLIST = """
checklist: implementation
source: made by hand
items:
  - {id: testing.fields, section: Testing, line: Check the fields, decide: {cases: ["fields/**"]}}
  - {id: production.review, section: Production, line: Review, decide: {attestation: The review took place}}
  - {id: production.load, section: Production, line: Load, decide: {later: load tests}}
"""


class RunBuilder:
    """Makes the directory of a run: first cases and evidence, then `done`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.expected: list[str] = []
        self.ledger = Ledger(directory, "gw0")
        self.redactor = Redactor(b"key of the test", prefix="gw0")
        self.clock = START

    def exchange(
        self,
        case: str | None = None,
        *,
        method: str = "GET",
        path: str = "/accounting/bills",
        query: str = f"?access_token={SECRET_TOKEN}&limit=2",
        body: Any = None,
        status: int = 200,
        answer: Any = None,
        platform: str | None = "QUICKBOOKS",
        resource: str | None = "bills",
        operation: str | None = "list",
        basic: str = SECRET_BASIC,
    ) -> Evidence:
        """Append one exchange to the ledger, redacted as in a run."""
        self.clock += timedelta(milliseconds=250)
        text = answer if isinstance(answer, bytes) else json.dumps({"bills": []} if answer is None else answer).encode()
        item = self.redactor.evidence(
            Exchange(
                request=Request(
                    method,
                    f"https://api.example.test/versioned{path}{query}",
                    (("Authorization", basic), ("X-Rutter-Version", "2024-08-31")),
                    b"" if body is None else json.dumps(body).encode(),
                ),
                response=Response(status, (("X-Rutter-Request-ID", f"req-{self.clock:%S%f}"),), text),
                problem=None,
                started_at=self.clock,
                elapsed=0.012,
                platform=platform,
                resource=resource,
                operation=operation,
            ),
            case=case,
        )
        self.ledger.evidence(item)
        return item

    def finding(self, case: str, check: str = "fields.type", **changes: Any) -> Finding:
        """A finding; `changes` replace its values."""
        parts = case.split("/")
        values: dict[str, Any] = {
            "check": check,
            "severity": Severity.BLOCKER,
            "case": case,
            "platform": parts[2],
            "resource": parts[3],
            "field": "due_date",
            "message": "The field has the wrong type.",
            "expected": "string",
            "seen": "number 7",
            "evidence": (),
        }
        return Finding(**{**values, **changes})

    def case(
        self,
        id: str,
        outcome: CaseOutcome = CaseOutcome.PASSED,
        findings: Sequence[Finding] = (),
        *,
        reason: str | None = None,
        expected: bool = True,
        evidence: Sequence[str] = (),
        duration: float = 0.05,
    ) -> None:
        """Append the result of a case, which is expected unless told otherwise."""
        area, kind, platform, resource, *detail = id.split("/")
        if expected and id not in self.expected:
            self.expected.append(id)
        self.ledger.case(
            CaseResult(
                id=id,
                kind=f"{area}.{kind}",
                platform=platform,
                resource=None if resource == "api" else resource,
                detail="/".join(detail),
                plans=("accounts_payable",),
                outcome=outcome,
                reason=reason,
                findings=tuple(findings),
                evidence=tuple(evidence),
                requests=len(evidence),
                duration=duration,
                worker="gw0",
            )
        )

    def done(self, *, ended: bool = True, interrupted: bool = False, errors: Sequence[str] = (), **record: Any) -> Path:
        """Write `run.json` and `end.json`; return the directory."""
        self.ledger.close()
        (self.directory / "checklist.yaml").write_text(CHECKLIST)
        values: dict[str, Any] = {
            "golive": "0.1.0",
            "target": "emulator",
            "base_url": "http://127.0.0.1:8080/versioned",
            "strength": Strength.EMULATED,
            "contract_version": "2024-08-31",
            "started_at": "2026-11-24T08:00:00.000Z",
            "command": "golive run",
            "python": "3.11.7",
            "platforms": ("QUICKBOOKS",),
            "workers": 2,
            "expected_cases": tuple(self.expected),
            "declared": bills_declared(),
            "checklist": str(self.directory / "checklist.yaml"),
            "attestations": str(self.directory / "attestations.yaml"),
        }
        RunRecord(**{**values, **record}).save(self.directory)
        if ended:
            EndRecord(ended_at="2026-11-24T08:00:30.000Z", interrupted=interrupted, errors=tuple(errors)).save(
                self.directory
            )
        return self.directory


def bills_declared() -> Declared:
    """A contract with one resource of few fields."""
    return Declared(
        resources={
            "bills": DeclaredResource(
                endpoints={
                    "list": "GET /accounting/bills",
                    "get": "GET /accounting/bills/{id}",
                    "create": "POST /accounting/bills",
                },
                list_key="bills",
                item_key="bill",
                create_key="bill",
                update_key="bill",
                fields=("id", "memo", "due_date", "line_items", "line_items[].total_amount", "tax_rate_id"),
            )
        }
    )


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[Callable[[str], RunBuilder]]:
    """Several runs in one test, by name; their ledgers are closed at its end."""
    made: list[RunBuilder] = []

    def make(name: str) -> RunBuilder:
        made.append(RunBuilder(tmp_path / name))
        return made[-1]

    yield make
    for builder in made:
        builder.ledger.close()


@pytest.fixture
def run(make_run: Callable[[str], RunBuilder]) -> RunBuilder:
    """A run in a fresh directory."""
    return make_run("golive-report")
