"""`golive coverage DIR`: what a run touched of the API's surface, and what no case touched."""

from pathlib import Path

import click


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path("golive-report"))
@click.option("--uncovered", is_flag=True, help="List what no case touched.")
@click.option("--resource", "resources", multiple=True, metavar="R", help="Only this resource; may be repeated.")
def coverage(directory: Path, uncovered: bool, resources: tuple[str, ...]) -> None:
    """Say how far each field, operation and query parameter was taken, with which strength."""
    from rich.console import Console
    from rich.table import Table

    from harness.report import read_report
    from harness.report.uncovered import STEPS, field_steps, gaps

    report = read_report(directory)
    console = Console(highlight=False)
    found = [gap for gap in gaps(report.coverage) if not resources or gap.resource in resources]
    if uncovered:
        for gap in found:
            where = f"  ({', '.join(gap.platforms)})" if gap.platforms else ""
            click.echo(f"{gap.kind:<9}  {gap.resource}  {gap.name}{where}")
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("fields of")
        for step in STEPS:
            table.add_column(step, justify="right")
        for item in field_steps(report.coverage):
            if not resources or item.resource in resources:
                table.add_row(item.resource, *(str(count) for count in item.counts))
        console.print(table)
    kinds = {kind: sum(gap.kind == kind for gap in found) for kind in ("operation", "parameter", "field")}
    told = ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in kinds.items())
    click.echo(f"No case touched {told}. Strength of what was touched: {report.verdict.strength or 'none'}.")
