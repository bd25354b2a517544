"""Inputs against a stateful double: what is generated or shipped must be accepted."""

from collections.abc import Callable

import pytest

from harness.contract import Contract, load_contract
from harness.drive import Drive
from harness.plan import Requirement, default_plan_paths, load_plans, merge
from harness.plan.inputs import changes, minimal_input, put

PLATFORMS = ("QUICKBOOKS", "XERO", "NETSUITE", "SAGE_INTACCT", "QUICKBOOKS_DESKTOP", "SHOPIFY", "WOO_COMMERCE")
ELSEWHERE = frozenset({"custom_fields", "product_variants"})
"""Their create paths name another entity or a parent; plans do not write them."""

DriveOn = Callable[[str, str], Drive]


def creatable() -> list[tuple[str, str]]:
    """(platform, resource) of every create of the books."""
    return [
        (platform, resource.name)
        for resource in load_contract().resources.values()
        if resource.domain in {"accounting", "commerce"} and resource.name not in ELSEWHERE
        for platform in PLATFORMS
        if resource.supports("create", platform)
    ]


def shipped() -> list[Requirement]:
    """What the shipped plans write."""
    contract = load_contract()
    merged = merge(load_plans(default_plan_paths(), contract), contract)
    return [requirement for requirement in merged if requirement.create_input is not None]


@pytest.mark.parametrize(("platform", "resource"), creatable(), ids=str)
def test_generated_inputs_are_accepted(platform: str, resource: str, contract: Contract, drive: DriveOn) -> None:
    """The smallest generated create is accepted, and so is the generated update of what it made."""
    driven = drive(platform, resource)
    made = driven.create(resource, driven.fill(minimal_input(contract, resource, platform)))
    assert made.ok, made.body
    change = changes(contract, resource, platform) if contract.resource(resource).supports("update", platform) else {}
    if change and made.id is not None:
        updated = driven.update(resource, made.id, driven.fill(change))
        assert updated.ok, updated.body


@pytest.mark.parametrize("wanted", shipped(), ids=lambda item: f"{item.platform}-{item.resource}")
def test_the_inputs_of_shipped_plans_are_accepted(wanted: Requirement, drive: DriveOn) -> None:
    """The shipped create, the same with each optional input beside it, and the shipped update are accepted."""
    driven = drive(wanted.platform, wanted.resource)
    template = wanted.create_input or {}
    made = driven.create(wanted.resource, driven.fill(template))
    refused = {} if made.ok else {"input": made.body}
    for path, value in wanted.optional_inputs.items():
        write = driven.create(wanted.resource, driven.fill(put(dict(template), path, value)))
        refused |= {} if write.ok else {path: write.body}
    if wanted.changes is not None and made.id is not None:
        write = driven.update(wanted.resource, made.id, driven.fill(wanted.changes))
        refused |= {} if write.ok else {"update": write.body}
    assert refused == {}
