"""`report.html`: one self-contained page that needs no script and no network."""

from harness.report import views
from harness.report.model import RunReport
from harness.report.pages import page
from harness.report.summary import STRENGTHS, WORDS

SYMBOLS = {"go": "✓", "no_go": "✕", "inconclusive": "?", "attested": "✎", "error": "!"}


def html_page(report: RunReport) -> str:
    """The page. Everything from outside is escaped; the text of a target can neither run nor break the layout."""
    return page("report.html.j2", **_context(report))


def _context(report: RunReport) -> dict[str, object]:
    platforms, rows = views.matrix(report)
    cited = {id for group in report.findings for id in views.evidence_of(group, report)}
    return {
        "report": report,
        "run": report.run,
        "verdict": report.verdict,
        "word": WORDS[report.verdict.verdict],
        "strength": STRENGTHS[report.verdict.strength],
        "symbols": SYMBOLS,
        "shares": views.shares(report),
        "urgent": views.urgent(report),
        "open_items": views.open_items(report),
        "blockers": [group for group in report.findings if views.votes(group)],
        "advisories": [group for group in report.findings if not views.votes(group)],
        "full_findings": views.MOST_FULL_FINDINGS,
        "evidence_of": {group.id: views.evidence_of(group, report) for group in report.findings},
        "other_evidence": [brief for id, brief in report.evidence.items() if id not in cited],
        "sections": views.sections(report.checklist),
        "item_counts": views.item_counts(report.checklist),
        "heat_platforms": views.heat_platforms(report),
        "heat_groups": views.heat_groups(report),
        "field_strips": views.field_strips(report),
        "matrix_platforms": platforms,
        "matrix_rows": rows,
        "open_cases": views.open_cases(report)[: views.MOST_OPEN_CASES],
        "open_case_count": len(views.open_cases(report)),
        "listed_cases": {case.id for case in views.open_cases(report)[: views.MOST_OPEN_CASES]},
        "passed_groups": views.passed_groups(report),
        "most_area_seconds": max((area.seconds for area in report.timings.areas), default=0) or 1,
        "longest_seconds": max((case.seconds for case in report.timings.slowest), default=0) or 1,
    }
