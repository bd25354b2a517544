"""Cases of the area `idempotency`: what a repeated key does."""

from collections.abc import Iterator

from harness.contract import Contract
from harness.plan.areas.roundtrip import LINKS
from harness.plan.areas.writes import references, required_inputs
from harness.plan.case import Case, Requirement

VARIANTS = ("replay", "other_body", "concurrent")


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform
    if requirement.create_input is None:
        return

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"idempotency.{kind}", platform, resource.name, detail, params, requirement.plans)

    if not resource.supports("list", platform):
        if resource.name in LINKS:
            documents, links, amount, _ = LINKS[resource.name]
            yield case("applied_once", documents=documents, links=links, amount=amount)
        elif resource.supports("get", platform):
            yield case("answers")
        return
    yield from (case(kind) for kind in VARIANTS)
    yield case("scope")
    yield case("later")
    refused = references(requirement, resource)
    if refused:
        yield case("stored_error", path=refused[0])
    missing = required_inputs(requirement, resource)
    if missing:
        yield case("rejected", path=missing[0])
    if requirement.changes:
        yield case("update_replay")
        yield case("update_other_body")
