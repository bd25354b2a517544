"""From the directory of a run to its report. Nothing is believed that can be counted again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from harness.core import CaseOutcome, Severity, iso_utc
from harness.report.accepting import apply, reason, standing_accepted
from harness.report.beside import Beside, read_beside
from harness.report.checklist import Circumstances, decide_items, standing_between
from harness.report.fidelity import FidelityRecord, weak_operations
from harness.report.grouping import Group, briefs, cited_evidence, finding_groups, group_findings, group_ids, ids_of
from harness.report.ledger import CASES_FILE, CaseResult, read_lines
from harness.report.legible import one_line
from harness.report.model import (
    AcceptedEntry,
    CaseEntry,
    ChecklistEntry,
    ErrorEntry,
    FindingGroup,
    RunReport,
    RunSection,
    Timing,
    Timings,
    VerdictSection,
)
from harness.report.proof_record import ProofRecord
from harness.report.repeating import Attempts, attempts_of
from harness.report.rollout_item import RolloutRecord
from harness.report.run_record import EndRecord, RunRecord
from harness.report.scan import PlaceOf, Scan, scan
from harness.report.shortest_way import shortest_way
from harness.report.strength_record import StrengthRecord
from harness.report.verdicts import count, decide

NO_RESULT = "the case has no result: the run ended before it"
SLOWEST = 15
REASON_LIMIT = 600

_WORST = (CaseOutcome.ERROR, CaseOutcome.INCONCLUSIVE, CaseOutcome.FINDINGS, CaseOutcome.PASSED)


@dataclass(frozen=True, slots=True)
class Folded:
    """A report, and where the evidence stands that was read for it."""

    report: RunReport
    places: tuple[PlaceOf, ...]


def fold(
    directory: Path, *, interrupted: bool = False, errors: Iterable[str] = (), now: datetime | None = None
) -> RunReport:
    """Fold `run.json`, `end.json` and the ledger in `directory` into a report.

    `interrupted` and `errors` are what the caller knows beyond the directory (ctrl-C, a child that crashed). What
    expires is judged at `now`, which is the end of the run unless given. Raises StorageError when there is no
    `run.json` or a file cannot be read.
    """
    return fold_with_places(directory, interrupted=interrupted, errors=errors, now=now).report


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What a run left but for its evidence. `problems` keep it from being whole; `stopped`: it was interrupted."""

    record: RunRecord
    end: EndRecord | None
    beside: Beside
    moment: datetime
    stopped: bool
    problems: tuple[str, ...]
    accepted: tuple[AcceptedEntry, ...]
    groups: list[Group]
    cases: tuple[CaseEntry, ...]

    def circumstances(self, directory: Path, out: str | None) -> Circumstances:
        """What checklist items are decided with."""
        record, beside = self.record, self.beside
        return Circumstances(
            record.strength, record.target, out or directory.name, self.moment.date(), record.started_at,
            beside.evidence_days, record.git_commit, record.plans, ProofRecord.load(directory),
            StrengthRecord.load(directory), RolloutRecord.load(directory), self.end.doubts if self.end else (),
        )  # fmt: skip


def _gather(
    directory: Path, interrupted: bool, errors: Iterable[str], now: datetime | None, inputs: Path | None
) -> _Gathered:
    record, end = RunRecord.load(directory), EndRecord.load(directory)
    results, attempts, damaged = _results(directory)
    beside = read_beside(record, inputs)
    problems = [*errors, *damaged, *(end.errors if end else ())]
    stopped = interrupted or bool(end and end.interrupted)
    if end is None and not stopped and not problems:
        problems.append("the run died: it has written no end.json")
    moment = now or datetime.fromisoformat((end.ended_at if end else None) or record.started_at)
    results, accepted = apply(results, beside.accepted, moment.date())
    groups = group_findings(results)
    cases = _cases(record, results, attempts, groups)
    return _Gathered(record, end, beside, moment, stopped, (*problems, *beside.problems), accepted, groups, cases)


def fold_with_places(
    directory: Path,
    *,
    interrupted: bool,
    errors: Iterable[str],
    now: datetime | None = None,
    inputs: Path | None = None,
    out: str | None = None,
) -> Folded:
    """`fold`, and what is needed to merge the evidence without reading it all again. `inputs` is a folder with the
    checklist and its companions as they were, `out` the name that the directory had."""
    known = _gather(directory, interrupted, errors, now, inputs)
    circumstances = known.circumstances(directory, out)
    checklist = decide_items(known.beside.items, known.beside.attestations, known.cases, circumstances)
    shown = [id for entry in checklist for id in entry.evidence]
    evidence = scan(directory, known.record.declared, cited_evidence(known.groups).union(shown))
    damaged = [f"{place}: a damaged line of evidence was left out" for place in evidence.damaged]
    troubles = _errors(known.cases, [*known.problems, *damaged])
    found = finding_groups(known.groups, evidence)
    fidelity = FidelityRecord.load(directory)
    used = dict.fromkeys(f"{cell.resource}.{cell.operation}" for cell in evidence.coverage.endpoints if cell.requests)
    verdict = decide(
        known.cases, found, troubles, strength=known.record.strength, interrupted=known.stopped,
        expired=circumstances.expired,
        unlike=", ".join(weak_operations(fidelity, known.record.strength, used)) or None,
        accepted=reason(known.accepted),
    )  # fmt: skip
    report = _report(known, checklist, shown, evidence, troubles, found, fidelity, verdict)
    return Folded(report, evidence.places)


def _report(
    known: _Gathered,
    checklist: tuple[ChecklistEntry, ...],
    shown: Sequence[str],
    evidence: Scan,
    troubles: tuple[ErrorEntry, ...],
    found: tuple[FindingGroup, ...],
    fidelity: FidelityRecord | None,
    verdict: VerdictSection,
) -> RunReport:
    end, cases = known.end, known.cases
    run = _run_section(known.record, end.ended_at if end else evidence.last_at, cases, known.stopped)
    return RunReport(
        verdict=verdict,
        folded_at=iso_utc(known.moment),
        standing_between=(
            *standing_between(verdict, run, found, troubles, cases, checklist),
            *standing_accepted(known.accepted),
        ),
        way_to_go=shortest_way(run, found, troubles, cases, checklist),
        run=run,
        counts=count(cases),
        connections=known.record.connections,
        findings=found,
        errors=troubles,
        checklist=checklist,
        accepted=known.accepted,
        fidelity=round(fidelity.score, 4) if fidelity else None,
        cases=cases,
        coverage=evidence.coverage,
        timings=_timings(cases, evidence, run.duration),
        left_behind=end.left_behind if end else (),
        evidence=briefs(known.groups, shown, evidence),
    )


def _results(directory: Path) -> tuple[list[CaseResult], dict[str, Attempts], list[str]]:
    """The result of every case, the worst one where a case has several; how often each held; what could not be
    read."""
    found: dict[str, list[CaseResult]] = {}
    problems = []
    for line in read_lines(directory, CASES_FILE):
        try:
            result = CaseResult.from_json(line.value or {})
        except (KeyError, TypeError, ValueError):
            problems.append(f"{line.path}:{line.number}: a damaged result was left out")
            continue
        found.setdefault(result.id, []).append(result)
    worst = [min(attempts, key=_badness) for attempts in found.values()]
    return worst, {id: attempts_of(attempts) for id, attempts in found.items()}, problems


def _badness(result: CaseResult) -> tuple[bool, int]:
    return (not _blocking(result), _WORST.index(result.outcome))


def _blocking(result: CaseResult) -> bool:
    return any(finding.severity is Severity.BLOCKER for finding in result.findings)


def _cases(
    record: RunRecord, results: Sequence[CaseResult], attempts: Mapping[str, Attempts], groups: list[Group]
) -> tuple[CaseEntry, ...]:
    """Every expected case in its order, then those that nobody expected."""
    names = group_ids(groups)
    by_id = {result.id: _entry(result, ids_of(result, names), attempts[result.id], record.repeat) for result in results}
    expected = [by_id.get(id) or _missing(id) for id in dict.fromkeys(record.expected_cases)]
    known = set(record.expected_cases)
    return (*expected, *(entry for id, entry in by_id.items() if id not in known))


def _entry(result: CaseResult, findings: tuple[str, ...], attempts: Attempts, wanted: int) -> CaseEntry:
    outcome, reason = result.outcome, result.reason
    if outcome is CaseOutcome.FINDINGS and not findings:
        outcome, reason = CaseOutcome.ERROR, "the result speaks of findings and holds none"
    elif outcome is CaseOutcome.PASSED and findings:
        outcome = CaseOutcome.FINDINGS
    if attempts.made < wanted and outcome is CaseOutcome.PASSED:
        outcome, reason = CaseOutcome.INCONCLUSIVE, f"{attempts.made} of {wanted} attempts have a result"
    return CaseEntry(
        id=result.id,
        area=result.area,
        kind=result.kind,
        platform=result.platform,
        resource=result.resource,
        detail=result.detail,
        plans=result.plans,
        outcome=outcome,
        reason=one_line(reason, REASON_LIMIT) if reason else None,
        findings=findings,
        blocking=_blocking(result),
        missing=False,
        evidence=result.evidence,
        requests=result.requests,
        duration=result.duration,
        attempts=attempts.made,
        held=attempts.held if attempts.made > 1 else None,
        pass_rate=attempts.interval if attempts.made > 1 else None,
    )


def _missing(id: str) -> CaseEntry:
    parts = id.split("/")
    at = next((index for index, part in enumerate(parts) if index and part == part.upper()), len(parts))
    area, kind = parts[0], ".".join(parts[:at])
    platform, resource, *detail = (*parts[at:], "", "")
    return CaseEntry(
        id=id,
        area=area,
        kind=kind,
        platform=platform,
        resource=None if resource in {"", "api"} else resource,
        detail="/".join(part for part in detail if part),
        plans=(),
        outcome=CaseOutcome.INCONCLUSIVE,
        reason=NO_RESULT,
        findings=(),
        blocking=False,
        missing=True,
        evidence=(),
        requests=0,
        duration=0.0,
    )


def _errors(cases: Sequence[CaseEntry], problems: Iterable[str]) -> tuple[ErrorEntry, ...]:
    """Errors of the run, then those of cases; the same message is one entry with a count."""
    entries: dict[str, ErrorEntry] = {}
    places = [("run", one_line(problem, REASON_LIMIT)) for problem in problems]
    places += [(case.id, case.reason or "no message") for case in cases if case.outcome is CaseOutcome.ERROR]
    for where, message in places:
        known = entries.get(message)
        entries[message] = ErrorEntry(
            where=known.where if known else where, message=message, count=known.count + 1 if known else 1
        )
    return tuple(entries.values())


def _run_section(record: RunRecord, ended_at: str | None, cases: Sequence[CaseEntry], interrupted: bool) -> RunSection:
    return RunSection(
        golive=record.golive,
        git_commit=record.git_commit,
        target=record.target,
        base_url=record.base_url,
        strength=record.strength,
        contract_version=record.contract_version,
        started_at=record.started_at,
        ended_at=ended_at,
        duration=_seconds(record.started_at, ended_at),
        interrupted=interrupted,
        plans=record.plans,
        platforms=record.platforms or tuple(dict.fromkeys(case.platform for case in cases)),
        resources=record.resources,
        select=record.select,
        workers=record.workers,
        defects=record.defects,
        command=record.command,
        python=record.python,
    )


def _timings(cases: Sequence[CaseEntry], evidence: Scan, duration: float) -> Timings:
    areas: dict[str, Timing] = {}
    for case in cases:
        sofar = areas.get(case.area, Timing(name=case.area, cases=0, requests=0, seconds=0.0))
        areas[case.area] = Timing(
            name=case.area,
            cases=sofar.cases + 1,
            requests=sofar.requests + case.requests,
            seconds=round(sofar.seconds + case.duration, 3),
        )
    slowest = sorted((case for case in cases if not case.missing), key=lambda case: -case.duration)[:SLOWEST]
    return Timings(
        requests=evidence.requests,
        requests_per_second=round(evidence.requests / duration, 1) if duration > 0 else 0.0,
        areas=tuple(areas.values()),
        slowest=tuple(Timing(name=case.id, cases=1, requests=case.requests, seconds=case.duration) for case in slowest),
        latency=evidence.latency(),
    )


def _seconds(start: str, end: str | None) -> float:
    elapsed = datetime.fromisoformat(end) - datetime.fromisoformat(start) if end else timedelta()
    return max(0.0, round(elapsed.total_seconds(), 3))
