"""One case while it runs: what was judged, what was found, and the result for the ledger."""

from collections.abc import Iterable, Mapping
from time import perf_counter

from harness.checks import Subject, judge
from harness.core import CaseOutcome, Evidence, Finding, Severity
from harness.plan.case import Case
from harness.report.ledger import CaseResult


class Judge:
    """The `judge` fixture: hands subjects to checks and keeps what they find."""

    def __init__(self, advisory: frozenset[str]) -> None:
        self._advisory = advisory
        self.findings: list[Finding] = []
        self.judged = 0
        self.checks: dict[str, None] = {}
        """Ids of the checks that judged something, in order."""

    def __call__(self, subject: Subject, *check_ids: str) -> list[Finding]:
        """Run the named checks; return what these found. At least one check must be named."""
        if not check_ids:
            raise TypeError("judge() needs at least one check id")
        found = judge(subject, check_ids, advisory=self._advisory)
        self.judged += len(check_ids)
        self.checks |= dict.fromkeys(check_ids)
        self.findings.extend(found)
        return found

    def take_back(self, evidence: Iterable[str]) -> None:
        """Drop the findings that cite any of this evidence: it turned out to say nothing."""
        void = frozenset(evidence)
        self.findings = [finding for finding in self.findings if void.isdisjoint(finding.evidence)]


class CaseRun:
    """Measures one case and folds it into a `CaseResult`."""

    def __init__(self, case: Case, judge: Judge, worker: str) -> None:
        self.case = case
        self.judge = judge
        self.worker = worker
        self._started = perf_counter()

    def result(
        self, evidence: Iterable[Evidence], *, reason: str | None = None, error: str | None = None
    ) -> CaseResult:
        """The result. `error` says what the harness could not do; `reason` why there was nothing to judge. Findings
        that were made before either stay: what was proven is not lost."""
        made = tuple(evidence)
        blockers = any(finding.severity is Severity.BLOCKER for finding in self.judge.findings)
        outcome = CaseOutcome.FINDINGS if self.judge.findings else CaseOutcome.PASSED
        if error is not None:
            outcome, reason = CaseOutcome.ERROR, error
        elif reason is not None and not blockers:
            outcome = CaseOutcome.INCONCLUSIVE
        elif not self.judge.judged:
            outcome, reason = CaseOutcome.INCONCLUSIVE, "nothing was judged"
        return CaseResult(
            id=self.case.id,
            kind=self.case.kind,
            platform=self.case.platform,
            resource=self.case.resource,
            detail=self.case.detail,
            plans=self.case.plans,
            outcome=outcome,
            reason=reason,
            findings=unique(self.judge.findings),
            evidence=tuple(item.id for item in made),
            requests=len(made),
            duration=round(perf_counter() - self._started, 4),
            worker=self.worker,
        )


def unique(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings without repeats, in order."""
    return tuple(dict.fromkeys(findings))


def failure_text(findings: Iterable[Finding], curls: Mapping[str, str] | None = None) -> str:
    """What pytest prints for a case with findings that vote."""
    lines = []
    for finding in findings:
        place = ".".join(part for part in (finding.resource, finding.field) if part) or "api"
        lines.append(f"{finding.check} at {place} on {finding.platform}: {finding.message}")
        lines.append(f"    expected: {finding.expected}")
        lines.append(f"    seen:     {finding.seen}")
        lines.extend(f"    {item}: {(curls or {}).get(item, '')}".rstrip(": ") for item in finding.evidence)
    return "\n".join(lines)
