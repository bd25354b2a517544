"""Cases of the area `ledger`: sequences of writes. Searching new ones takes thousands of requests, so that these cases
are proven only when they are asked for (`--select ledger.search`); saved sequences are played in every run."""

from collections.abc import Iterator

from harness.contract import Contract
from harness.plan.case import Case, Requirement


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform
    if requirement.create_input is None or not resource.supports("get", platform):
        return
    for name, steps in requirement.sequences.items():
        params = {"steps": [step.model_dump() for step in steps]}
        yield Case("ledger.sequence", platform, resource.name, name, params, requirement.plans)
    if resource.supports("list", platform):
        yield Case("ledger.search", platform, resource.name, "", {}, requirement.plans, on_demand=True)
