"""Inputs made from the contract: complete, consistent, and put together path by path."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from harness.contract import Contract, load_contract
from harness.plan.inputs import changes, has, minimal_input, optional_inputs, put
from harness.plan.meaning import LEFT_OUT

PLATFORMS = ("QUICKBOOKS", "XERO", "NETSUITE", "SAGE_INTACCT", "QUICKBOOKS_DESKTOP", "SHOPIFY", "WOO_COMMERCE")


def writable(operation: str) -> list[tuple[str, str]]:
    """(platform, resource) of every such write of the books."""
    return [
        (platform, resource.name)
        for resource in load_contract().resources.values()
        if resource.domain in {"accounting", "commerce"} and resource.name not in {"custom_fields", "product_variants"}
        for platform in PLATFORMS
        if resource.supports(operation, platform)
    ]


def references(value: Any) -> Iterator[str]:
    """The resources that a template takes rows from."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for item in value.values():
            yield from references(item)


@pytest.mark.parametrize(("platform", "resource"), writable("create"), ids=str)
def test_a_smallest_create_has_everything_required(platform: str, resource: str, contract: Contract) -> None:
    """Every input that the contract requires, always or on this platform, is in the smallest create, nested or not."""
    found = contract.resource(resource)
    body = minimal_input(contract, resource, platform)
    needed = {path for path in found.required_on_create if found.create_fields[path].on(platform)}
    needed |= {path for path, field in found.create_fields.items() if "." not in path and platform in field.required_on}
    assert {path for path in needed if not has(body, path)} == set()
    assert all(path in found.create_fields and found.create_fields[path].on(platform) for path in body)


@pytest.mark.parametrize(("platform", "resource"), writable("create"), ids=str)
def test_every_optional_input_is_offered(platform: str, resource: str, contract: Contract) -> None:
    """Each input that the platform takes is in the smallest create or among the optional ones; what is left out is
    deprecated, refers to a list that the platform does not have, or is named as left out with its reason."""
    found = contract.resource(resource)
    whole = minimal_input(contract, resource, platform)
    for path, value in optional_inputs(contract, resource, platform).items():
        several = value.get("$together") if isinstance(value, dict) else None
        whole = put(whole, path, several[path] if several else value)
    excused = {*LEFT_OUT.get(resource, ()), *unanswerable(contract, resource, platform)}
    missing = {
        path
        for path, field in found.create_fields.items()
        if field.on(platform)
        and not (field.deprecated or field.is_object or has(whole, path))
        and not any(path == name or path.startswith((f"{name}.", f"{name}[]")) for name in excused)
    }
    assert missing == set()


def unanswerable(contract: Contract, resource: str, platform: str) -> Iterator[str]:
    """Inputs that refer to a list which the platform does not have, and objects that require one."""
    for path, field in contract.resource(resource).create_fields.items():
        referred = contract.referenced(field.ref) if field.ref else None
        if field.ref and not (referred and referred.supports("list", platform)):
            yield field.parent.removesuffix("[]") if field.required and field.parent else path


@pytest.mark.parametrize(("platform", "resource"), writable("create"), ids=str)
def test_references_can_be_read_on_the_platform(platform: str, resource: str, contract: Contract) -> None:
    """No generated input takes a row from a list that the platform does not have."""
    body = minimal_input(contract, resource, platform)
    for referred in {*references(body), *references(list(optional_inputs(contract, resource, platform).values()))}:
        assert contract.resource(referred).supports("list", platform), referred


@pytest.mark.parametrize(("platform", "resource"), writable("update"), ids=str)
def test_changes_differ_from_a_create(platform: str, resource: str, contract: Contract) -> None:
    """A generated update sends what the platform lets change, with values that no generated create has."""
    found = contract.resource(resource)
    sent = minimal_input(contract, resource, platform) | optional_inputs(contract, resource, platform)
    for name, value in changes(contract, resource, platform).items():
        assert found.update_fields[name].on(platform)
        assert value != sent.get(name) or name in {"credit_account_id", "debit_account_id"}, name


def test_item_lines_say_the_same_twice(contract: Contract) -> None:
    """Quantity times price of a line is its total, so that a platform that computes agrees with one that stores."""
    line = minimal_input(contract, "invoices", "NETSUITE")["line_items"][0]
    assert line["item"]["quantity"] * line["item"]["unit_amount"] == line["total_amount"]


def test_a_sales_line_takes_what_the_platform_has(contract: Contract) -> None:
    """On Xero an invoice line posts to an account, elsewhere it names an item."""
    assert "account_id" in minimal_input(contract, "invoices", "XERO")["line_items"][0]
    assert "item" in minimal_input(contract, "invoices", "QUICKBOOKS")["line_items"][0]


def test_a_journal_balances(contract: Contract) -> None:
    """Debits and credits of the generated journal add up to nothing."""
    lines = minimal_input(contract, "journal_entries", "XERO")["line_items"]
    assert len(lines) == 2
    assert sum(line["total_amount"] for line in lines) == 0


def test_an_item_replaces_the_account_of_a_bill_line(contract: Contract) -> None:
    """NetSuite refuses a bill line with both: the optional item takes the account out."""
    item = optional_inputs(contract, "bills", "NETSUITE")["line_items[].item"]
    line = put(minimal_input(contract, "bills", "NETSUITE"), "line_items[].item", item)["line_items"][0]
    assert set(line) == {"item", "total_amount"}


def test_inputs_are_the_callers_own(contract: Contract) -> None:
    """Changing a generated input changes no later one."""
    first = minimal_input(contract, "bills", "XERO")
    kept = copy.deepcopy(first)
    first["line_items"][0]["account_id"]["where"]["account_type"] = "income"
    assert minimal_input(contract, "bills", "XERO") == kept


def test_put_makes_what_is_missing_and_leaves_the_rest() -> None:
    """A value is set at a path, missing objects and lists are made, the given body stays as it was."""
    body = {"a": 1, "lines": [{"x": 1}, {"x": 2}]}
    assert put(body, "more.deep", 2) == {**body, "more": {"deep": 2}}
    assert put(body, "lines[].y", 3)["lines"] == [{"x": 1, "y": 3}, {"x": 2}]
    assert put(body, "rows[].z", 4)["rows"] == [{"z": 4}]
    assert put(body, "lines[].x", {"$together": {"lines[].x": None, "a": 5}}) == {"a": 5, "lines": [{}, {"x": 2}]}
    assert body == {"a": 1, "lines": [{"x": 1}, {"x": 2}]}


def test_has_sees_through_lists_but_not_into_directives() -> None:
    """A path is there when the first element has it; the inside of a directive is no input."""
    body = {"lines": [{"item": {"$ref": "items", "field": "id"}}], "none": None}
    assert has(body, "lines[].item")
    assert has(body, "none")
    assert not has(body, "lines[].item.field")
    assert not has(body, "lines[].account")
    assert not has({"lines": []}, "lines[].item")
