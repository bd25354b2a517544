"""The baseline: findings that somebody accepted for a while. They stay in the report and vote again after it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from harness.core import Finding, Severity
from harness.plan.model import Accepted
from harness.report.ledger import CaseResult
from harness.report.legible import plural
from harness.report.model import AcceptedEntry, AcceptedState, Standing, StandingKind


def apply(
    results: Sequence[CaseResult], accepted: Iterable[Accepted], today: date
) -> tuple[list[CaseResult], tuple[AcceptedEntry, ...]]:
    """The results with accepted findings turned advisory, and what became of each line of the baseline."""
    lines = list(accepted)
    counts = dict.fromkeys(range(len(lines)), 0)

    def judged(finding: Finding) -> Finding:
        for index, line in enumerate(lines):
            if finding.severity is Severity.BLOCKER and fits(line, finding):
                counts[index] += 1
                if _state(line, today) is AcceptedState.COUNTS:
                    return replace(finding, severity=Severity.ADVISORY)
        return finding

    kept = [replace(result, findings=tuple(judged(item) for item in result.findings)) for result in results]
    return kept, tuple(_entry(line, counts[index], today) for index, line in enumerate(lines))


def fits(line: Accepted, finding: Finding) -> bool:
    """Whether a finding is what a line accepts: what the line does not name may be anything, but the check and the
    resource it always names."""
    return (
        line.check == finding.check
        and line.resource == (finding.resource or "api")
        and line.field in {None, finding.field}
        and line.platform in {None, finding.platform}
    )


def standing_accepted(entries: Iterable[AcceptedEntry]) -> Iterable[Standing]:
    """Lines of the baseline that expired although what they accepted is still there."""
    for entry in entries:
        if entry.state is AcceptedState.EXPIRED and entry.findings:
            yield Standing(
                kind=StandingKind.FINDING_EXPIRED,
                what=f"{entry.check} at {entry.resource} was accepted until {entry.until} and is still there",
                why=f"{entry.owner}: {entry.reason}",
                command="fix it, or renew its line in plans/accepted.yaml",
            )


def reason(entries: Iterable[AcceptedEntry]) -> str | None:
    """The sentence that a verdict says of what was accepted; None when nothing was."""
    counting = [entry for entry in entries if entry.state is AcceptedState.COUNTS and entry.findings]
    if not counting:
        return None
    owners = ", ".join(dict.fromkeys(entry.owner for entry in counting))
    total = sum(entry.findings for entry in counting)
    first = min(entry.until for entry in counting)
    what = plural(total, "finding does", "findings do")
    return f"{what} not vote because {owners} accepted them, the first until {first}."


def _entry(line: Accepted, found: int, today: date) -> AcceptedEntry:
    return AcceptedEntry(
        check=line.check,
        resource=line.resource,
        field=line.field,
        platform=line.platform,
        owner=line.owner,
        reason=line.reason,
        when=line.when,
        until=line.until,
        state=_state(line, today),
        findings=found,
    )


def _state(line: Accepted, today: date) -> AcceptedState:
    if date.fromisoformat(line.until) < today:
        return AcceptedState.EXPIRED
    return AcceptedState.TO_COME if date.fromisoformat(line.when) > today else AcceptedState.COUNTS
