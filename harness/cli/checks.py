"""`golive checks` and `golive explain`: what the judges demand."""

import json

import click


@click.command()
@click.argument("check")
def explain(check: str) -> None:
    """Say what a check demands, why, and where that is known from."""
    from harness.checks import get_check

    found = get_check(check)
    votes = "its findings vote no_go" if found.severity.value == "blocker" else "advisory: its findings do not vote"
    click.echo(f"{found.id} ({votes})\n\n{found.text}")


@click.command()
@click.option("--area", metavar="AREA", help="Only checks of this area.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def checks(area: str | None, as_json: bool) -> None:
    """List all checks."""
    from harness.checks import all_checks
    from harness.contract.loader import suggest
    from harness.errors import UsageError

    known = all_checks()
    areas = {item.area for item in known.values()}
    if area is not None and area not in areas:
        raise UsageError(f'unknown area "{area}"{suggest(area, areas)}')
    shown = [item for item in known.values() if area in {None, item.area}]
    if as_json:
        rows = [
            {"id": item.id, "area": item.area, "severity": item.severity.value, "text": item.text} for item in shown
        ]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    width = max((len(item.id) for item in shown), default=0)
    for item in shown:
        mark = " (advisory)" if item.severity.value == "advisory" else ""
        click.echo(f"{item.id:<{width}}  {item.text.splitlines()[0]}{mark}")
