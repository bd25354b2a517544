"""`golive contract`: what the API's contract says."""

import json

import click

from harness.contract import load_contract


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
