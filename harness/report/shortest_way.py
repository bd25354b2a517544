"""The shortest way to GO: the fewest things to do that decide everything that is still open, with their cost."""

from collections.abc import Iterable, Mapping, Sequence

from harness.core import CaseOutcome, Severity
from harness.report.legible import plural
from harness.report.model import CaseEntry, ChecklistEntry, ErrorEntry, FindingGroup, ItemState, RunSection, WayStep

MOST_NAMED = 4


def shortest_way(
    run: RunSection,
    groups: Sequence[FindingGroup],
    errors: Sequence[ErrorEntry],
    cases: Sequence[CaseEntry],
    checklist: Sequence[ChecklistEntry],
) -> tuple[WayStep, ...]:
    """What to do, in order: repair and prove again, rerun what could not be decided, decide the lines of the checklist.
    One command decides as much as it can, so lines that share one are one step. `requests` is what the same cases took
    in this run, or for cases that never ran what cases of their kind take on average; None when nobody can know."""
    costs = _costs(cases)
    steps = [*_repairs(run, groups, cases, costs), *_again(run, errors, cases, costs)]
    named = {
        case.id for case in cases if case.blocking or case.outcome in {CaseOutcome.INCONCLUSIVE, CaseOutcome.ERROR}
    }
    steps += _items(checklist, named)
    return tuple(steps)


def _repairs(
    run: RunSection, groups: Sequence[FindingGroup], cases: Sequence[CaseEntry], costs: Mapping[str, float]
) -> Iterable[WayStep]:
    votes = [group for group in groups if group.severity is Severity.BLOCKER]
    if not votes:
        return
    ids = {group.id for group in votes}
    concerned = [case for case in cases if case.blocking and ids.intersection(case.findings)]
    yield WayStep(
        what=f"have {plural(len(votes), 'kind of finding', 'kinds of findings')} repaired, and prove them again",
        command=_command(run, concerned),
        decides=len(votes),
        items=tuple(group.id for group in votes)[:MOST_NAMED],
        requests=_requests(concerned, costs),
    )


def _again(
    run: RunSection, errors: Sequence[ErrorEntry], cases: Sequence[CaseEntry], costs: Mapping[str, float]
) -> Iterable[WayStep]:
    undecided = [case for case in cases if case.outcome in {CaseOutcome.INCONCLUSIVE, CaseOutcome.ERROR}]
    undecided = [case for case in undecided if not case.blocking]
    if not undecided:
        if errors:
            yield WayStep(what="run again without errors of the harness", command=run.command, decides=len(errors))
        return
    yield WayStep(
        what=f"give {plural(len(undecided), 'case')} what could not be judged, and run again",
        command=_command(run, undecided),
        decides=len(undecided),
        items=tuple(case.id for case in undecided)[:MOST_NAMED],
        requests=_requests(undecided, costs),
    )


def _items(checklist: Sequence[ChecklistEntry], named: set[str]) -> Iterable[WayStep]:
    """Lines of the checklist that no step before decides."""
    open_ = [
        entry for entry in checklist if entry.state is ItemState.INCONCLUSIVE and not named.intersection(entry.deciding)
    ]
    by_command: dict[str, list[ChecklistEntry]] = {}
    for entry in open_:
        by_command.setdefault(_way_of(entry), []).append(entry)
    for command, entries in sorted(by_command.items(), key=lambda pair: (pair[0].startswith("wait "), -len(pair[1]))):
        free = command.startswith(("add ", "wait "))
        yield WayStep(
            what=f"decide {plural(len(entries), 'line')} of the checklist",
            command=command,
            decides=len(entries),
            items=tuple(entry.id for entry in entries)[:MOST_NAMED],
            requests=0 if free else None,
        )


def _way_of(entry: ChecklistEntry) -> str:
    if entry.command is None:
        return "wait for a version of golive that decides them, or let somebody attest them"
    # Attestations are one edit of one file, however many lines it takes.
    if entry.command.startswith("add item "):
        return "add their attestations to plans/attestations.yaml, then: golive report"
    return entry.command


def _costs(cases: Sequence[CaseEntry]) -> dict[str, float]:
    """Requests per case of a kind, over those that ran."""
    totals: dict[str, list[int]] = {}
    for case in cases:
        if not case.missing and case.requests:
            totals.setdefault(case.kind, []).append(case.requests)
    return {kind: sum(values) / len(values) for kind, values in totals.items()}


def _requests(cases: Iterable[CaseEntry], costs: Mapping[str, float]) -> int | None:
    known = [case.requests or costs.get(case.kind) for case in cases]
    return None if any(cost is None for cost in known) else round(sum(cost for cost in known if cost))


def _command(run: RunSection, cases: Sequence[CaseEntry]) -> str:
    parts = ["golive run"]
    if run.target != "emulator":
        parts.append(f"--target {run.target}")
    for option, values in (
        ("--platform", [case.platform for case in cases]),
        ("--resource", [case.resource for case in cases]),
        ("--select", [case.area for case in cases]),
    ):
        names = dict.fromkeys(values)
        if None not in names and len(names) <= MOST_NAMED:
            parts += [f"{option} {name}" for name in names]
    return " ".join(parts)
