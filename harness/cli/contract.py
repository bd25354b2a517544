"""`golive contract`: what the API's contract says, and what another version of it says."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.contract import load_contract

if TYPE_CHECKING:
    from harness.contract import Contract
    from harness.contract.drift import Change
    from harness.plan.case import Requirement

SHOWN = 40


@click.group()
def contract() -> None:
    """Show what the API's contract says of a resource."""


@contract.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_resources(as_json: bool) -> None:
    """List every resource with its operations."""
    found = load_contract()
    rows = [
        {"resource": name, "domain": item.domain, "operations": list(item.operations)}
        for name, item in found.resources.items()
    ]
    if as_json:
        click.echo(json.dumps({"version": found.version, "resources": rows}, indent=1))
        return
    width = max(len(name) for name in found.resources)
    for name, item in found.resources.items():
        click.echo(f"{name:<{width}}  {item.domain:<12}  {', '.join(item.operations)}")


@contract.command()
@click.argument("resource")
@click.option("--platform", metavar="P", help="As it is on this platform.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(resource: str, platform: str | None, as_json: bool) -> None:
    """Show one resource: operations, fields, types, what is required, filterable, limited to platforms."""
    from harness.contract.show import describe, render

    facts = describe(load_contract(), resource, platform=platform)
    click.echo(json.dumps(facts, indent=1, ensure_ascii=False) if as_json else render(facts))


@contract.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: FILE.contract.json.")
@click.option("--version", help="Name the version; default: what the file says.")
def import_(file: Path, output: Path | None, version: str | None) -> None:
    """Make a contract file of a provider's raw OpenAPI file (3.0 or 3.1, JSON or YAML), and say what was repaired.

    `golive emulator --contract FILE` and `golive run --contract FILE` then use it.
    """
    from harness.contract.importing import import_contract

    made = import_contract(file, version=version)
    target = output or file.with_name(f"{file.stem}.contract.json")
    made.write(target)
    for kind, count in made.repairs.counts().most_common():
        click.echo(f"repaired {count} x {kind}")
        for _, place in [item for item in made.repairs.made if item[0] == kind][:3]:
            click.echo(f"    {place}")
    operations = sum(len(item.operations) for item in made.contract.resources.values())
    click.echo(
        f"version {made.contract.version}: {len(made.contract.resources)} resources, {operations} operations, "
        f"{len(made.contract.schemas)} schemas; {made.carried} facts of fields carried over from the packaged contract"
    )
    click.echo(f"written: {target}")


@contract.command()
@click.argument("before", type=click.Path(exists=True, dir_okay=False))
@click.argument("after", type=click.Path(exists=True, dir_okay=False))
@click.option("--all", "whole", is_flag=True, help="Every change; otherwise the first of those that break nothing.")
def diff(before: str, after: str, whole: bool) -> None:
    """List what changed from one contract to another, breaking first, and which shipped plans read what changed.

    Each is a contract file or a raw OpenAPI file. Exit 1 when something that breaks is read by a shipped plan.
    """
    from harness.contract.drift import drift

    old, new = _either(before), _either(after)
    changes = drift(old, new)
    readers = _readers(changes)
    breaking = [change for change in changes if change.breaking]
    others = [change for change in changes if not change.breaking]
    for change in [*breaking, *(others if whole else others[:SHOWN])]:
        mark = "BREAKS" if change.breaking else "adds  "
        click.echo(f"{mark} {change.place}: {change.about}{_told(readers[change])}")
    if len(others) > SHOWN and not whole:
        click.echo(f"       ... and {len(others) - SHOWN} more that break nothing: --all")
    hit = [change for change in breaking if readers[change]]
    click.echo(f"{len(changes)} changes from {old.version} to {new.version}: {len(breaking)} break, "
               f"{len(hit)} of them are read by shipped plans")  # fmt: skip
    if hit:
        raise click.exceptions.Exit(1)


def _told(plans: Iterable[str]) -> str:
    names = ", ".join(plans)
    return f"   [read by {names}]" if names else ""


def _either(name: str) -> "Contract":
    """The contract of a contract file or of a raw OpenAPI file."""
    from harness.contract.importing import import_contract
    from harness.contract.loader import from_file, is_contract_file

    return from_file(name) if is_contract_file(name) else import_contract(Path(name)).contract


def _readers(changes: list["Change"]) -> dict["Change", list[str]]:
    """The shipped plans that read or write what a change is about."""
    from harness.checks import all_checks
    from harness.contract.loader import packaged_contract
    from harness.plan import default_plan_paths, load_plans, merge

    base = packaged_contract()
    plans = load_plans(default_plan_paths(), base, check_ids=frozenset(all_checks()))
    needed = merge(plans, base)
    return {change: sorted({plan for item in needed if _reads(item, change) for plan in item.plans})
            for change in changes}  # fmt: skip


def _reads(item: "Requirement", change: "Change") -> bool:
    if item.resource != change.resource:
        return False
    if change.field is None:
        return change.operation not in {"create", "update", "delete"} or _writes(item, change.operation)
    top = change.field.partition(".")[0].removesuffix("[]")
    if change.side == "write":
        inputs: Mapping[str, Any] = {**(item.create_input or {}), **item.optional_inputs, **(item.changes or {})}
        new = "required" in change.about and _writes(item, change.operation)
        return new or any(path.partition(".")[0].removesuffix("[]") == top for path in inputs)
    named = (*item.required, *item.nullable, *item.fill, *item.filter, *item.sort, *item.dates)
    return change.field in named


def _writes(item: "Requirement", operation: str | None) -> bool:
    return {"create": item.create_input is not None, "update": item.changes is not None,
            "delete": item.delete}.get(operation or "", False)  # fmt: skip
