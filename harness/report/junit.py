"""`junit.xml` for CI dashboards: one test case per case."""

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.core import CaseOutcome, Severity
from harness.report.model import CaseEntry, FindingGroup, Occurrence, RunReport

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, even escaped."""


def junit_xml(report: RunReport) -> str:
    """The document. Findings that vote are failures, errors errors, undecided cases skipped; advisory findings stand
    in `system-out` of a passed case. Errors of the run itself are a test case `golive.run`."""
    root = Element("testsuites", name="golive")
    groups = {group.id: group for group in report.findings}
    areas: dict[str, list[CaseEntry]] = {}
    for case in report.cases:
        areas.setdefault(case.area, []).append(case)
    for area, cases in areas.items():
        _suite(root, area, cases, groups, report)
    run_errors = [error for error in report.errors if error.where == "run"]
    if run_errors:
        suite = SubElement(root, "testsuite", name="run", tests="1", failures="0", errors="1", skipped="0", time="0")
        entry = SubElement(suite, "testcase", classname="golive.run", name="run", time="0")
        _child(entry, "error", run_errors[0].message, "\n".join(error.message for error in run_errors), "harness")
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{report.run.duration:.3f}")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(
    root: Element, area: str, cases: Sequence[CaseEntry], groups: Mapping[str, FindingGroup], report: RunReport
) -> None:
    failed = [case for case in cases if case.blocking]
    errors = [case for case in cases if case.outcome is CaseOutcome.ERROR and not case.blocking]
    skipped = [case for case in cases if case.outcome is CaseOutcome.INCONCLUSIVE and not case.blocking]
    suite = SubElement(
        root,
        "testsuite",
        name=_clean(area),
        tests=str(len(cases)),
        failures=str(len(failed)),
        errors=str(len(errors)),
        skipped=str(len(skipped)),
        time=f"{sum(case.duration for case in cases):.3f}",
        timestamp=report.run.started_at[:19],
        hostname=_clean(report.run.base_url or report.run.target),
    )
    for case in cases:
        _case(suite, case, [groups[id] for id in case.findings if id in groups])


def _case(suite: Element, case: CaseEntry, groups: Sequence[FindingGroup]) -> None:
    place = ".".join(part for part in (case.kind, case.platform, case.resource) if part)
    entry = SubElement(
        suite, "testcase", classname=_clean(f"golive.{place}"), name=_clean(case.id), time=f"{case.duration:.3f}"
    )
    voting = [group for group in groups if group.severity is Severity.BLOCKER]
    if case.blocking:
        text = "\n\n".join(_text(group, case.id) for group in voting)
        message = voting[0].message if voting else "a finding votes against it"
        _child(entry, "failure", message, text, voting[0].check if voting else "finding")
    elif case.outcome is CaseOutcome.ERROR:
        _child(entry, "error", case.reason or "", case.reason or "", "harness")
    elif case.outcome is CaseOutcome.INCONCLUSIVE:
        SubElement(entry, "skipped", message=_clean(case.reason or "inconclusive"))
    elif groups:
        out = SubElement(entry, "system-out")
        out.text = _clean("\n\n".join(f"advisory: {_text(group, case.id)}" for group in groups))


def _text(group: FindingGroup, case: str) -> str:
    found: Occurrence | FindingGroup = next((one for one in group.occurrences if one.case == case), group)
    where = ".".join(part for part in (group.resource, group.field) if part) or "api"
    return "\n".join(_lines(found, f"{group.check} at {where} ({group.id})", group.reproduce))


def _lines(found: Occurrence | FindingGroup, title: str, reproduce: str | None) -> Iterator[str]:
    yield f"{title}: {found.message}"
    yield f"  expected:   {found.expected}"
    yield f"  seen:       {found.seen}"
    if found.request_id:
        yield f"  request id: {found.request_id}"
    if reproduce:
        yield f"  reproduce:  {reproduce}"


def _child(parent: Element, tag: str, message: str, text: str, type_name: str) -> None:
    child = SubElement(parent, tag, message=_clean(message), type=_clean(type_name))
    child.text = _clean(text)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
