"""Findings of all cases, grouped: the same check on the same resource and field is shown once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.core import Finding, Severity
from harness.report.ledger import CaseResult
from harness.report.legible import legible, one_line
from harness.report.model import EvidenceBrief, FindingGroup, Occurrence
from harness.report.scan import Scan

MOST_OCCURRENCES = 12
"""Findings of a group that are listed one by one."""

MOST_EVIDENCE = 3
"""Exchanges of a group that are shown whole."""

MOST_SHOWN_GROUPS = 120
"""Groups whose exchanges are shown whole; the others cite ids in `evidence.ndjson`."""

TEXT_LIMIT = 600
"""Characters of a message, an expectation or a seen value."""

Key = tuple[str, str, str]


@dataclass
class Group:
    """Findings of one check, resource and field, before the evidence was read."""

    key: Key
    findings: list[Finding] = field(default_factory=list)

    @property
    def blocking(self) -> bool:
        """Whether one of them votes."""
        return any(finding.severity is Severity.BLOCKER for finding in self.findings)

    def shown(self) -> list[Finding]:
        """The findings that are listed: those that vote first, one of each platform before any second."""
        ranks: dict[str | None, int] = {}
        ranked: list[tuple[int, int, Finding]] = []
        for finding in sorted(self.findings, key=lambda finding: finding.severity is not Severity.BLOCKER):
            ranks[finding.platform] = ranks.get(finding.platform, 0) + 1
            ranked.append((ranks[finding.platform], len(ranked), finding))
        return [finding for _, _, finding in sorted(ranked, key=lambda entry: entry[:2])[:MOST_OCCURRENCES]]

    def exchanges(self) -> tuple[str, ...]:
        """Ids of the evidence that is shown whole: that of the first finding, which also gives the curl line."""
        return self.shown()[0].evidence[:MOST_EVIDENCE]


def group_findings(results: Iterable[CaseResult]) -> list[Group]:
    """All groups: those that vote first, then by how often they occur."""
    groups: dict[Key, Group] = {}
    for result in results:
        for finding in result.findings:
            key = _key(finding)
            groups.setdefault(key, Group(key)).findings.append(finding)
    return sorted(groups.values(), key=lambda group: (not group.blocking, -len(group.findings), group.key))


def cited_evidence(groups: Iterable[Group]) -> frozenset[str]:
    """Ids of all evidence that the report needs for these groups."""
    return frozenset(id for group in groups for finding in group.shown() for id in finding.evidence)


def group_ids(groups: Iterable[Group]) -> dict[Key, str]:
    """`F001`, `F002`...: the ids of the groups in this report, by key."""
    return {group.key: f"F{index:03d}" for index, group in enumerate(groups, start=1)}


def ids_of(result: CaseResult, names: dict[Key, str]) -> tuple[str, ...]:
    """The groups that the findings of a case belong to, each once."""
    return tuple(dict.fromkeys(names[_key(finding)] for finding in result.findings))


def finding_groups(groups: list[Group], evidence: Scan) -> tuple[FindingGroup, ...]:
    """The groups as the report holds them."""
    names = group_ids(groups)
    return tuple(_finding_group(group, names[group.key], evidence) for group in groups)


def briefs(groups: list[Group], others: Iterable[str], evidence: Scan) -> dict[str, EvidenceBrief]:
    """The exchanges that are shown whole, by id: those of findings, then `others`."""
    ids = [id for group in groups[:MOST_SHOWN_GROUPS] for id in group.exchanges()]
    found = {id: evidence.brief(id) for id in dict.fromkeys((*ids, *others))}
    return {id: brief for id, brief in found.items() if brief is not None}


def _finding_group(group: Group, id: str, evidence: Scan) -> FindingGroup:
    first = group.shown()[0]
    brief = next((brief for brief in map(evidence.brief, reversed(group.exchanges())) if brief), None)
    return FindingGroup(
        id=id,
        check=first.check,
        severity=first.severity,
        resource=first.resource,
        field=one_line(first.field, 200) if first.field else None,
        platforms=tuple(sorted({finding.platform for finding in group.findings if finding.platform})),
        count=len(group.findings),
        cases=len({finding.case for finding in group.findings}),
        message=one_line(first.message, TEXT_LIMIT),
        expected=legible(first.expected, TEXT_LIMIT),
        seen=legible(first.seen, TEXT_LIMIT),
        request_id=evidence.request_id(first.evidence),
        reproduce=brief.reproduce if brief else None,
        occurrences=tuple(_occurrence(finding, evidence) for finding in group.shown()),
    )


def _occurrence(finding: Finding, evidence: Scan) -> Occurrence:
    return Occurrence(
        case=finding.case,
        platform=finding.platform,
        severity=finding.severity,
        message=one_line(finding.message, TEXT_LIMIT),
        expected=legible(finding.expected, TEXT_LIMIT),
        seen=legible(finding.seen, TEXT_LIMIT),
        evidence=finding.evidence[:10],
        request_id=evidence.request_id(finding.evidence),
    )


def _key(finding: Finding) -> Key:
    return (finding.check, finding.resource or "", finding.field or "")
