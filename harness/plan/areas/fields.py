"""Cases of the area `fields`: what every row of a list must be."""

from collections.abc import Iterator

from harness.contract import Contract, Resource
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
    referred = _references(resource, platform, contract)
    if referred:
        yield case("references", referred=referred)


def _references(resource: Resource, platform: str, contract: Contract) -> dict[str, str]:
    """Field -> the resource whose ids it holds, where both can be read on the platform."""
    found = {}
    for path, entity in resource.reference_fields.items():
        field = resource.fields.get(path)
        other = contract.referenced(entity)
        if field is not None and field.on(platform) and other is not None and other.supports("list", platform):
            found[path] = other.name
    return found
