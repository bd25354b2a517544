"""What `golive prove` prints: the matrix, what slipped through with advice, false alarms, the score."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report.proof_record import DefectRow, Outcome, ProofRecord

WIDTH = 150
STYLES = {Outcome.CAUGHT: "green", Outcome.MISSED: "bold red", Outcome.UNREACHED: "yellow"}
WHY = {
    Outcome.MISSED: "the plans met it, and nothing that votes named its place and area",
    Outcome.UNREACHED: "no request of the plans met it",
}


def print_proof(record: ProofRecord, floor: float, where: Path) -> None:
    """Print a proof on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("defect", "at", "", "check", "case", "requests"):
        table.add_column(name, justify="right" if name == "requests" else "left", overflow="fold")
    for row in record.rows:
        for cells in _lines(row):
            table.add_row(*cells)
    console.print(table)
    _print_missed(record, console)
    for alarm in record.false_alarms:
        console.print(
            Text(f"false alarm  {alarm.what} at {alarm.resource}: {alarm.message}  ({alarm.case})", "bold red")
        )
    console.print(
        f"\n{record.caught} of {len(record.rows)} defects caught ({record.score:.1%}, floor {floor:.0%}), "
        f"{len(record.false_alarms)} false alarms in {record.clean_cases:,} cases without a defect; "
        f"{sum(row.requests for row in record.rows):,} requests, {record.seconds:.1f} s on {record.workers} workers"
    )
    console.print(f"Proof: {where}", soft_wrap=True)


def _lines(row: DefectRow) -> list[tuple[str | Text, ...]]:
    state = Text(row.outcome.value, STYLES[row.outcome])
    if not row.noticed:
        return [(row.defect, row.resource, state, ", ".join(row.wanted), f"{row.cases} cases tried", str(row.requests))]
    first, *more = row.noticed
    lines: list[tuple[str | Text, ...]] = [
        (row.defect, row.resource, state, first.check, first.case, str(first.requests))
    ]
    lines += [("", "", "", item.check, item.case, str(item.requests)) for item in more]
    return lines


def _print_missed(record: ProofRecord, console: Console) -> None:
    for row in record.rows:
        if row.outcome is Outcome.CAUGHT:
            continue
        console.print(Text(f"\n{row.defect}: {row.about}", "bold"))
        elsewhere = f"; noticed elsewhere by {', '.join(row.misplaced)}" if row.misplaced else ""
        console.print(f"  {row.outcome.value}: {WHY[row.outcome]}{elsewhere}")
        if row.advice:
            console.print(Text("  Add this to a plan:", "dim"))
            console.print(Text(row.advice.rstrip()), soft_wrap=True)
        else:
            console.print(Text("  No shipped plan catches it on the platforms of these plans.", "dim"))
