"""Cases of the area `contract`: requests made from the contract by schemathesis, right ones and wrong ones. Proven only
when asked for (`--select contract`)."""

from collections.abc import Iterator

from harness.contract import Contract
from harness.plan.case import Case, Requirement

READS = ("list", "get")


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform: reads with right and wrong parameters; writes with wrong bodies only,
    and only where the plans write, because a right body would make objects that nobody asked for."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform
    writes = [
        name
        for name, asked in (("create", requirement.create_input), ("update", requirement.changes))
        if asked and resource.supports(name, platform) and resource.supports("get", platform)
    ]
    for operation in (*READS, *writes):
        if resource.supports(operation, platform):
            params = {"operation": operation}
            kinds = ("right", "wrong") if operation in READS else ("wrong",)
            for kind in kinds:
                yield Case(
                    f"contract.{kind}", platform, resource.name, operation, params, requirement.plans, on_demand=True
                )
