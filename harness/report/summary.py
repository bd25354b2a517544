"""The summary a person reads at the end of a run: on the terminal with rich, and as `summary.txt`."""

from collections.abc import Iterator
from io import StringIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.core import Severity, Strength, Verdict
from harness.report.legible import one_line, plural
from harness.report.model import FindingGroup, RunReport, Standing, StandingKind
from harness.report.verdicts import place

WIDTH = 100
"""Columns of `summary.txt` and of any output that is not a terminal."""

MOST_FINDINGS = 10
MOST_STEPS = 6
MOST_STANDING = 4
"""Entries of one kind that the summary lists; the report lists them all."""

WORDS = {Verdict.GO: "GO", Verdict.NO_GO: "NO GO", Verdict.INCONCLUSIVE: "INCONCLUSIVE"}
STYLES = {Verdict.GO: "bold green", Verdict.NO_GO: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}

STRENGTHS = {
    Strength.LIVE: "proven against the live API",
    Strength.RECORDED: "proven from recorded answers",
    Strength.EMULATED: "proven against the emulator only",
    Strength.ATTESTED: "attested by people",
    None: "nothing was proven",
}


def summary_text(report: RunReport) -> str:
    """The summary as plain text, without colours."""
    out = StringIO()
    print_summary(report, Console(file=out, width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def print_summary(report: RunReport, console: Console, *, where: str | None = None) -> None:
    """Print the summary. `where` is the path of the HTML report, shown last."""
    for part in _parts(report):
        console.print(part, highlight=False)
    if report.seal:
        console.print(Text(f"\nSeal: {report.seal}", "dim"), soft_wrap=True, highlight=False)
    if where:
        console.print(Text(f"Report: {where}"), soft_wrap=True, highlight=False)


def _parts(report: RunReport) -> Iterator[RenderableType]:
    verdict = report.verdict
    head = Text("\n")
    head.append(WORDS[verdict.verdict], STYLES[verdict.verdict])
    head.append(f"  {STRENGTHS[verdict.strength]}")
    if report.fidelity is not None:
        head.append(f", {report.fidelity:.1%} like the other target")
    if report.run.base_url:
        head.append(f" ({report.run.base_url})", "dim")
    yield head
    yield Text(_figures(report), "dim")
    yield Text()
    for reason in verdict.reasons:
        yield _item("•", Text(reason))
    shown = [group for group in report.findings if group.severity is Severity.BLOCKER][:MOST_FINDINGS]
    if shown:
        yield Text("\nFindings that vote", "bold")
        for group in shown:
            yield from _finding(group)
        left = sum(group.severity is Severity.BLOCKER for group in report.findings) - len(shown)
        if left:
            yield _item("", Text(f"and {left:,} more in the report", "dim"))
    yield from _repeated(report)
    yield from _standing(report)
    yield from _way(report)
    if report.left_behind:
        yield Text(f"\nLeft behind on the target: {plural(len(report.left_behind), 'object')}", "bold")
        for kept in report.left_behind[:MOST_FINDINGS]:
            yield _item("•", Text(f"{kept.platform} {kept.resource} {kept.id or '(unknown id)'}: {kept.why}"))


def _figures(report: RunReport) -> str:
    counts = report.counts
    platforms = len({case.platform for case in report.cases if case.platform})
    parts = [
        f"{plural(counts.cases, 'case')} on {plural(platforms, 'platform')}",
        f"{counts.passed:,} passed",
        f"{counts.findings:,} with findings",
        f"{counts.inconclusive:,} inconclusive",
        plural(counts.error, "error"),
        f"{plural(report.timings.requests, 'request')} in {report.run.duration:,.1f} s",
    ]
    return " · ".join(parts)


def _finding(group: FindingGroup) -> Iterator[RenderableType]:
    title = Text()
    title.append(f"{group.id} ", "bold red")
    title.append(place(group), "bold")
    title.append(f"  {', '.join(group.platforms) or 'api'}  {group.count:,}×", "dim")
    yield _item("", title)
    yield _item("", Text(f"  {group.message}"))
    yield _item("", Text(f"  expected {one_line(group.expected, 160)}"))
    yield _item("", Text(f"  seen     {one_line(group.seen, 160)}"))
    if group.request_id:
        yield _item("", Text(f"  request  {group.request_id}", "dim"))


def _standing(report: RunReport) -> Iterator[RenderableType]:
    # Findings and errors already stand above; here is what else must happen.
    kinds: dict[StandingKind, list[Standing]] = {}
    for entry in report.standing_between:
        if entry.kind is not StandingKind.FINDING:
            kinds.setdefault(entry.kind, []).append(entry)
    if not kinds:
        return
    yield Text("\nStill between here and production", "bold")
    for entries in kinds.values():
        for entry in entries[:MOST_STANDING]:
            yield _item("•", Text(f"{one_line(entry.what, 160)}"))
            if entry.kind is not StandingKind.CHECKLIST:
                yield _item("", Text(f"{one_line(entry.why, 240)}", "dim"))
            if entry.command:
                yield _item("", Text(entry.command, "cyan"))
        left = len(entries) - MOST_STANDING
        if left > 0:
            noun = "checklist items without a decision" if entries[0].kind is StandingKind.CHECKLIST else "more"
            yield _item("•", Text(f"{left:,} {'more ' if noun != 'more' else ''}{noun}, listed in the report", "dim"))


def _repeated(report: RunReport) -> Iterator[RenderableType]:
    """Cases that did not always do the same; flaky is a word with a number."""
    several = [case for case in report.cases if case.held is not None]
    if not several:
        return
    flaky = [case for case in several if case.held and case.held < case.attempts]
    most = max(case.attempts for case in several)
    yield Text(
        f"\n{plural(len(flaky), 'case')} of {len(several):,} did not always do the same in {most} attempts", "bold"
    )
    for case in flaky[:MOST_FINDINGS]:
        low, high = case.pass_rate or (0.0, 1.0)
        yield _item("•", Text(f"{case.id} held {case.held} of {case.attempts} times (95 %: {low:.0%} to {high:.0%})"))


def _way(report: RunReport) -> Iterator[RenderableType]:
    if not report.way_to_go:
        return
    yield Text("\nThe shortest way to GO", "bold")
    for number, step in enumerate(report.way_to_go[:MOST_STEPS], start=1):
        cost = "" if step.requests is None else f" ({plural(step.requests, 'request')})"
        yield _item(str(number), Text(f"{step.what}{cost}"))
        yield _item("", Text(step.command, "cyan"))
    left = report.way_to_go[MOST_STEPS:]
    if left:
        yield _item("•", Text(f"and {plural(len(left), 'more step')} in the report", "dim"))


def _item(mark: str, text: Text) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(mark, text)
    return Padding(grid, (0, 0, 0, 2))
