"""The rules of the verdict, and the sentences that give its reasons."""

from collections import Counter
from collections.abc import Sequence

from harness.core import CaseOutcome, Severity, Strength, Verdict
from harness.exit_status import ExitStatus
from harness.report.legible import plural
from harness.report.model import CaseEntry, Counts, ErrorEntry, FindingGroup, VerdictSection

MOST_NAMED = 3
"""Findings, errors and reasons that a sentence names; the report lists them all."""

_EXIT = {Verdict.GO: ExitStatus.GO, Verdict.NO_GO: ExitStatus.NO_GO, Verdict.INCONCLUSIVE: ExitStatus.INCONCLUSIVE}


def count(cases: Sequence[CaseEntry]) -> Counts:
    """Counts of the cases, from nothing but the cases."""
    outcomes = Counter(case.outcome for case in cases)
    return Counts(
        cases=len(cases),
        passed=outcomes[CaseOutcome.PASSED],
        findings=outcomes[CaseOutcome.FINDINGS],
        inconclusive=outcomes[CaseOutcome.INCONCLUSIVE],
        error=outcomes[CaseOutcome.ERROR],
        missing=sum(case.missing for case in cases),
        blocked=sum(case.blocking for case in cases),
    )


def decide(
    cases: Sequence[CaseEntry],
    groups: Sequence[FindingGroup],
    errors: Sequence[ErrorEntry],
    *,
    strength: Strength,
    interrupted: bool,
    expired: str | None = None,
    unlike: str | None = None,
    accepted: str | None = None,
) -> VerdictSection:
    """The verdict. A finding that votes: `no_go`. Else an error, an inconclusive or missing case, an interruption, or
    no case at all, or evidence that has `expired`: `inconclusive`; so are operations
    that the emulator answers `unlike` the other target. Else `go`. `accepted` is a sentence on findings that
    somebody accepted. An interruption or an error (unless `no_go`) has its own exit status."""
    counts = count(cases)
    if counts.blocked:
        verdict = Verdict.NO_GO
    elif errors or interrupted or expired or unlike or counts.error or counts.inconclusive or not counts.cases:
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.GO
    status = _EXIT[verdict]
    if interrupted:
        status = ExitStatus.INTERRUPTED
    elif errors and verdict is not Verdict.NO_GO:
        status = ExitStatus.HARNESS_ERROR
    proven = counts.cases > counts.missing
    return VerdictSection(
        verdict=verdict,
        strength=strength if proven else None,
        reasons=(
            *((f"Nothing of it counts any longer: {expired}.",) if expired else ()),
            *((f"It rests on operations that the emulator answers otherwise: {unlike}.",) if unlike else ()),
            *_reasons(cases, groups, errors, counts, interrupted),
            *((accepted,) if accepted else ()),
        ),
        exit_status=status,
    )


def _reasons(
    cases: Sequence[CaseEntry],
    groups: Sequence[FindingGroup],
    errors: Sequence[ErrorEntry],
    counts: Counts,
    interrupted: bool,
) -> list[str]:
    reasons = []
    blockers = [group for group in groups if group.severity is Severity.BLOCKER]
    if counts.blocked:
        kinds = plural(len(blockers), "kind of finding votes", "kinds of findings vote")
        names = _named([place(group) for group in blockers])
        reasons.append(f"{kinds} against it, in {plural(counts.blocked, 'case')}: {names}.")
    if interrupted:
        reasons.append(
            f"The run was interrupted after {counts.cases - counts.missing:,} of {plural(counts.cases, 'case')}."
        )
    if errors:
        total = sum(error.count for error in errors)
        names = _named([error.message for error in errors])
        reasons.append(f"{plural(total, 'error')} of the harness: {names}")
    if counts.missing and not interrupted:
        reasons.append(f"{plural(counts.missing, 'expected case has', 'expected cases have')} no result.")
    undecided = [case for case in cases if case.outcome is CaseOutcome.INCONCLUSIVE and not case.missing]
    if undecided:
        causes = Counter(case.reason or "no reason given" for case in undecided)
        names = _named([f"{cause} ({number:,}×)" for cause, number in causes.most_common()])
        reasons.append(f"{plural(len(undecided), 'case is', 'cases are')} inconclusive: {names}.")
    if not counts.cases:
        reasons.append("No case was selected, so nothing was proven.")
    if not reasons:
        platforms = len({case.platform for case in cases})
        reasons.append(f"All {plural(counts.cases, 'case')} on {plural(platforms, 'platform')} hold.")
    advisory = len(groups) - len(blockers)
    if advisory:
        reasons.append(
            f"{plural(advisory, 'advisory kind of finding does', 'advisory kinds of findings do')} not vote."
        )
    return reasons


def place(group: FindingGroup) -> str:
    """`bills.due_date (dates.midnight_shift)`."""
    where = ".".join(part for part in (group.resource, group.field) if part) or "api"
    return f"{where} ({group.check})"


def _named(names: Sequence[str]) -> str:
    shown = "; ".join(name.rstrip(".") for name in names[:MOST_NAMED])
    left = len(names) - MOST_NAMED
    return f"{shown}; and {left:,} more" if left > 0 else shown
