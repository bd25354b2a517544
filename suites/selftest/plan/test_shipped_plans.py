"""The plans that are shipped: they load, cover the books, and editors understand them."""

from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from harness.contract import Contract
from harness.plan import default_plan_paths, load_plans, merge, unsupported
from harness.plan.loader import PLANS
from harness.plan.schema import FILES, schema_text

NOT_ROWS = {
    "accounting_metrics": "a figure by name, computed on request",
    "custom_fields": "a create under the path of another resource",
    "reports": "a link to a file, no rows",
}
"""Accounting resources without rows of their own, which plans do not describe yet."""


def test_every_accounting_resource_is_planned(contract: Contract) -> None:
    """Together the shipped plans read or write every accounting resource that has rows, each on some platform."""
    merged = merge(load_plans(default_plan_paths(), contract), contract)
    accounting = {resource.name for resource in contract.resources.values() if resource.domain == "accounting"}
    assert accounting - {requirement.resource for requirement in merged} == set(NOT_ROWS)


def test_every_supported_write_is_planned(contract: Contract) -> None:
    """Every create, update and delete that a main platform supports is asked for by some shipped plan."""
    merged = merge(load_plans(default_plan_paths(), contract), contract)
    asked = {
        (item.platform, item.resource, operation)
        for item in merged
        for operation, wanted in (
            ("create", item.create_input is not None),
            ("update", item.changes is not None),
            ("delete", item.delete),
        )
        if wanted
    }
    there = {
        (platform, resource.name, operation)
        for resource in contract.resources.values()
        if resource.domain == "accounting" and resource.name not in NOT_ROWS
        for platform in ("QUICKBOOKS", "XERO", "NETSUITE", "SAGE_INTACCT")
        for operation in ("create", "update", "delete")
        if resource.supports(operation, platform)
    }
    nothing_to_change = {("SAGE_INTACCT", "bank_feed_accounts", "update")}
    assert there - asked == nothing_to_change


def test_main_platforms_are_planned(contract: Contract) -> None:
    """Accounting is proven on four platforms and more, commerce on two."""
    platforms = {item.platform for item in merge(load_plans(default_plan_paths(), contract), contract)}
    assert platforms == {
        *("QUICKBOOKS", "XERO", "NETSUITE", "SAGE_INTACCT", "QUICKBOOKS_DESKTOP", "SHOPIFY", "WOO_COMMERCE")
    }


def test_what_platforms_do_not_do_is_told(contract: Contract) -> None:
    """What the shipped plans ask for in vain is data, with where it is known from."""
    vain = unsupported(load_plans(default_plan_paths(), contract), contract)
    told = {(item.platform, item.resource, item.operation): item.source for item in vain}
    assert told["XERO", "bills", "delete"] == "2023-03-14"
    assert told["SAGE_INTACCT", "purchase_orders", None] == "2023-03-14"
    assert ("QUICKBOOKS", "bills", "delete") not in told


@pytest.mark.parametrize("name", FILES)
def test_schemas_are_current(name: str, contract: Contract) -> None:
    """The schema for editors is the one that the models give now (`python -m harness.plan.schema` writes it)."""
    assert (PLANS / name).read_text(encoding="utf-8") == schema_text(FILES[name], contract)


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.yaml")), ids=lambda path: path.name)
def test_editors_accept_the_shipped_files(path: Path) -> None:
    """Each shipped file names its schema in its first line and is valid under it."""
    text = path.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=./"), first
    schema = (PLANS / first.partition("./")[2]).read_text(encoding="utf-8")
    jsonschema_rs.validator_for(schema).validate(yaml.safe_load(text))
