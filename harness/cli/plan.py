"""`golive plan`: what plans say and which cases they ask for, without a target."""

import json
from collections import Counter
from pathlib import Path

import click

from harness.contract import load_contract
from harness.plan import default_plan_paths, expand, load_plans, merge, select_cases
from harness.plan.case import Case

PLANS = click.argument("plans", nargs=-1, type=click.Path(path_type=Path), metavar="[PLAN]...")


@click.group()
def plan() -> None:
    """Check plans, and list the cases they ask for."""


@plan.command()
@PLANS
def check(plans: tuple[Path, ...]) -> None:
    """Validate plans; without PLAN all shipped ones. A problem is shown with file and line."""
    from harness.checks import all_checks

    paths = plans or tuple(default_plan_paths())
    loaded = load_plans(paths, load_contract(), check_ids=frozenset(all_checks()))
    for path, item in zip(paths, loaded, strict=True):
        platforms = ", ".join(item.platforms)
        click.echo(f"ok  {path}: {item.title}: {len(item.resources)} resources on {platforms}")


@plan.command()
@PLANS
@click.option("--platform", "platforms", multiple=True, metavar="P", help="Only this platform; may be repeated.")
@click.option("--resource", "resources", multiple=True, metavar="R", help="Only this resource; may be repeated.")
@click.option("--select", "areas", multiple=True, metavar="AREA", help="Only this area; may be repeated.")
@click.option("--count", is_flag=True, help="Only the counts.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def cases(
    plans: tuple[Path, ...],
    platforms: tuple[str, ...],
    resources: tuple[str, ...],
    areas: tuple[str, ...],
    count: bool,
    as_json: bool,
) -> None:
    """List the ids of the cases that plans ask for, then how many there are."""
    contract = load_contract()
    known = [contract.platform(name) for name in platforms]
    wanted = [contract.resource(name).name for name in resources]
    loaded = load_plans(plans or default_plan_paths(), contract)
    merged = merge(loaded, contract, platforms=known or None, resources=wanted or None)
    found = select_cases(expand(merged, contract), areas=areas, resources=wanted)
    if as_json:
        click.echo(json.dumps([_facts(case) for case in found], indent=1, ensure_ascii=False))
        return
    if not count:
        for case in found:
            click.echo(case.id)
    for line in _counts(found):
        click.echo(line, err=not count)


def _facts(case: Case) -> dict[str, object]:
    return {
        "id": case.id,
        "area": case.area,
        "platform": case.platform,
        "resource": case.resource,
        "detail": case.detail,
        "plans": list(case.plans),
    }


def _counts(found: list[Case]) -> list[str]:
    areas = Counter(case.area for case in found)
    platforms = Counter(case.platform for case in found)
    rows = [f"{number:>7,}  {name}" for name, number in (*areas.items(), *platforms.items())]
    return [*rows, f"{len(found):>7,}  cases"]
