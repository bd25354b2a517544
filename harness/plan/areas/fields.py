"""Cases of the area `fields`: what every row of a list must be."""

from collections.abc import Iterator

from harness.contract import Contract
from harness.plan.case import Case, Requirement

LIST_KINDS = ("present", "types", "nulls", "enums", "formats", "unique", "envelope")
"""Judged on the rows of one whole list, which a worker reads once."""


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform
    if not resource.supports("list", platform):
        return

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"fields.{kind}", platform, resource.name, detail, params, requirement.plans)

    yield from (case(kind) for kind in LIST_KINDS)
    if requirement.required or requirement.nullable:
        yield case("required")
    yield from (case("fill", path, share=share) for path, share in requirement.fill.items())
    if resource.supports("get", platform):
        yield case("single")
    for path, entity in resource.reference_fields.items():
        field = resource.fields.get(path)
        referred = contract.referenced(entity)
        readable = referred is not None and referred.supports("list", platform)
        if field is not None and field.on(platform) and referred is not None and readable:
            yield case("references", path, referred=referred.name)
