"""What the HTML page shows, prepared: plain values in the order they are drawn. The templates only lay out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.core import CaseOutcome, Severity
from harness.report.coverage import NO_PLATFORM
from harness.report.legible import plural
from harness.report.model import (
    CaseEntry,
    ChecklistEntry,
    FindingGroup,
    ItemState,
    RunReport,
    Standing,
    StandingKind,
)
from harness.report.surface import EndpointCell, ResourceFields

MOST_FULL_FINDINGS = 150
"""Findings drawn with their occurrences; beyond it one line each, so that the page stays small."""

MOST_OPEN_CASES = 500
"""Cases that did not pass and are listed one by one."""


HEAT_STEPS = (1, 3, 10, 30)
"""Requests from which an endpoint has each shade."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the bar below the verdict, in percent of all cases."""

    name: str
    style: str
    count: int
    percent: float


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the checklist with its items, and how many of these are decided."""

    title: str
    items: tuple[ChecklistEntry, ...]
    decided: int


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A square of a heat map. `level` 0 to 4 is the shade; `title` says it in words."""

    level: str
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """An endpoint with one cell per platform."""

    name: str
    cells: tuple[HeatCell | None, ...]


@dataclass(frozen=True, slots=True)
class HeatGroup:
    """The endpoints of one resource."""

    resource: str
    rows: tuple[HeatRow, ...]
    cells: tuple[HeatCell | None, ...]
    """One cell per platform: how many of the endpoints that work there were asked."""


@dataclass(frozen=True, slots=True)
class FieldStrip:
    """The fields of one resource as squares, and those that were never filled by name."""

    resource: str
    rows: int
    cells: tuple[HeatCell, ...]
    filled: int
    declared: int
    never: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """How many cases of an area on a platform hold, of how many."""

    held: int
    total: int
    style: str


@dataclass(frozen=True, slots=True)
class PassedGroup:
    """Cases that hold, of one area and kind: the common start of their ids and the rest of each."""

    prefix: str
    rests: tuple[str, ...]


def shares(report: RunReport) -> tuple[Share, ...]:
    """The parts of the bar: hold, findings, inconclusive, errors."""
    counts = report.counts
    parts = (
        ("hold", "go", counts.cases - counts.blocked - counts.inconclusive - counts.error),
        ("with findings that vote", "no_go", counts.blocked),
        ("inconclusive", "inconclusive", counts.inconclusive),
        ("errors", "error", counts.error),
    )
    total = counts.cases or 1
    return tuple(Share(name, style, number, round(100 * number / total, 3)) for name, style, number in parts)


def urgent(report: RunReport) -> tuple[Standing, ...]:
    """What stands between here and production, without the lines of the checklist."""
    return tuple(entry for entry in report.standing_between if entry.kind is not StandingKind.CHECKLIST)


def open_items(report: RunReport) -> tuple[Standing, ...]:
    """The lines of the checklist that nobody has decided."""
    return tuple(entry for entry in report.standing_between if entry.kind is StandingKind.CHECKLIST)


def sections(entries: Iterable[ChecklistEntry]) -> tuple[Section, ...]:
    """The checklist by section, in its order."""
    found: dict[str, list[ChecklistEntry]] = {}
    for entry in entries:
        found.setdefault(entry.section, []).append(entry)
    return tuple(
        Section(title, tuple(items), sum(item.state is not ItemState.INCONCLUSIVE for item in items))
        for title, items in found.items()
    )


def item_counts(entries: Sequence[ChecklistEntry]) -> dict[str, int]:
    """How many items are in each state."""
    return {state.value: sum(entry.state is state for entry in entries) for state in ItemState}


def heat_platforms(report: RunReport) -> tuple[str, ...]:
    """The columns of the endpoint map: platforms by name, then requests without a connection."""
    names = {cell.platform for cell in report.coverage.endpoints}
    return (*sorted(names - {NO_PLATFORM}), *(names & {NO_PLATFORM}))


def heat_groups(report: RunReport) -> tuple[HeatGroup, ...]:
    """The endpoint map, resource by resource."""
    platforms = heat_platforms(report)
    found: dict[str, dict[str, dict[str, EndpointCell]]] = {}
    for cell in report.coverage.endpoints:
        found.setdefault(cell.resource or "the API as a whole", {}).setdefault(cell.endpoint, {})[cell.platform] = cell
    groups = []
    for resource, endpoints in found.items():
        rows = tuple(
            HeatRow(name, tuple(_heat_cell(by_platform.get(platform)) for platform in platforms))
            for name, by_platform in endpoints.items()
        )
        summed = tuple(_sum_cell(platform, endpoints.values()) for platform in platforms)
        groups.append(HeatGroup(resource, rows, summed))
    return tuple(groups)


def _heat_cell(cell: EndpointCell | None) -> HeatCell | None:
    if cell is None:
        return None
    if not cell.requests:
        return HeatCell(
            "0", "", f"{cell.platform}: " + ("no request" if cell.supported else "not supported, not asked")
        )
    level = str(sum(cell.requests >= step for step in HEAT_STEPS))
    statuses = ", ".join(f"{status}: {number:,}" for status, number in cell.statuses.items())
    title = f"{cell.platform}: {plural(cell.requests, 'request')} ({statuses})"
    if not cell.supported:
        title += "; not supported there"
    elif not cell.ok:
        level += " extra"
    return HeatCell(level, f"{cell.requests:,}", title)


def _sum_cell(platform: str, endpoints: Iterable[Mapping[str, EndpointCell]]) -> HeatCell | None:
    """How many of a resource's endpoints were asked on a platform, of those that work there or were asked anyway."""
    cells = [by_platform[platform] for by_platform in endpoints if platform in by_platform]
    concerned = [cell for cell in cells if cell.supported or cell.requests]
    if not cells:
        return None
    if not concerned:
        return HeatCell("0", "", f"{platform}: not supported, not asked")
    asked = sum(cell.requests > 0 for cell in concerned)
    level = -(-4 * asked // len(concerned))
    requests = plural(sum(cell.requests for cell in cells), "request")
    title = f"{platform}: {asked} of {plural(len(concerned), 'endpoint')} asked, {requests}"
    return HeatCell(str(level), f"{asked}/{len(concerned)}" if asked else "", title)


def field_strips(report: RunReport) -> tuple[FieldStrip, ...]:
    """The field map, resource by resource; resources that no row was seen of stand last."""
    strips = [_strip(item) for item in report.coverage.fields]
    return tuple(sorted(strips, key=lambda strip: strip.rows == 0))


def _strip(item: ResourceFields) -> FieldStrip:
    cells = []
    for cell in item.fields:
        level = "0"
        if cell.compared:
            level = "4"
        elif cell.written:
            level = "3"
        elif cell.filled:
            level = "2"
        elif cell.seen:
            level = "1"
        words = f"{cell.field}: present in {cell.seen:,}, filled in {cell.filled:,} of {plural(item.rows, 'row')}"
        if cell.written:
            words += f"; written {cell.written:,}×, came back {cell.compared:,}×"
        if not cell.declared:
            level, words = f"{level} extra", words + "; not in the contract"
        cells.append(HeatCell(level, "", words))
    return FieldStrip(
        resource=item.resource,
        rows=item.rows,
        cells=tuple(cells),
        filled=sum(1 for cell in item.fields if cell.declared and cell.filled),
        declared=sum(1 for cell in item.fields if cell.declared),
        never=tuple(cell.field for cell in item.fields if cell.declared and not cell.filled),
    )


def matrix(report: RunReport) -> tuple[tuple[str, ...], dict[str, tuple[MatrixCell | None, ...]]]:
    """Areas by platforms: how many cases hold."""
    platforms = tuple(sorted({case.platform for case in report.cases}))
    found: dict[str, dict[str, list[CaseEntry]]] = {}
    for case in report.cases:
        found.setdefault(case.area, {}).setdefault(case.platform, []).append(case)
    rows = {
        area: tuple(_matrix_cell(by_platform.get(platform, ())) for platform in platforms)
        for area, by_platform in found.items()
    }
    return platforms, rows


def _matrix_cell(cases: Sequence[CaseEntry]) -> MatrixCell | None:
    if not cases:
        return None
    held = [case for case in cases if holds(case)]
    style = "go"
    if any(case.blocking for case in cases):
        style = "no_go"
    elif any(case.outcome is CaseOutcome.ERROR for case in cases):
        style = "error"
    elif len(held) < len(cases):
        style = "inconclusive"
    return MatrixCell(len(held), len(cases), style)


def holds(case: CaseEntry) -> bool:
    """Whether a case proved what it had to: passed, or with findings that do not vote."""
    return not case.blocking and case.outcome in {CaseOutcome.PASSED, CaseOutcome.FINDINGS}


def open_cases(report: RunReport) -> tuple[CaseEntry, ...]:
    """Cases that do not hold: findings first, then errors, then undecided ones."""
    ranks = {CaseOutcome.FINDINGS: 0, CaseOutcome.ERROR: 1, CaseOutcome.INCONCLUSIVE: 2, CaseOutcome.PASSED: 3}
    found = [case for case in report.cases if not holds(case)]
    return tuple(sorted(found, key=lambda case: (not case.blocking, ranks[case.outcome])))


def passed_groups(report: RunReport) -> tuple[PassedGroup, ...]:
    """Cases that hold, by area and kind."""
    found: dict[str, list[str]] = {}
    for case in report.cases:
        if holds(case):
            prefix = case.kind.replace(".", "/")
            found.setdefault(prefix, []).append(case.id.removeprefix(prefix + "/"))
    return tuple(PassedGroup(prefix, tuple(rests)) for prefix, rests in found.items())


def evidence_of(group: FindingGroup, report: RunReport) -> tuple[str, ...]:
    """The exchanges of a finding that the report shows whole."""
    ids = dict.fromkeys(id for occurrence in group.occurrences[:1] for id in occurrence.evidence)
    return tuple(id for id in ids if id in report.evidence)


def votes(group: FindingGroup) -> bool:
    """Whether a finding votes."""
    return group.severity is Severity.BLOCKER
