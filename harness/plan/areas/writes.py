"""Cases of the area `writes`: what a create takes and refuses."""

from collections.abc import Iterator

from harness.contract import Contract, Resource
from harness.plan.case import Case, Requirement
from harness.plan.inputs import has


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"writes.{kind}", platform, resource.name, detail, params, requirement.plans)

    for operation in ("create", "update", "delete"):
        if resource.has(operation) and resource.has("list") and not resource.supports(operation, platform):
            yield case("unsupported", operation, operation=operation)
    if requirement.create_input is None:
        return
    yield case("create")
    yield from (case("required", path, path=path) for path in required_inputs(requirement, resource))
    yield from (case("optional", path, path=path) for path in requirement.optional_inputs)
    yield case("unwrapped")
    if references(requirement, resource):
        yield case("reference", references(requirement, resource)[0], path=references(requirement, resource)[0])


def required_inputs(requirement: Requirement, resource: Resource) -> list[str]:
    """Inputs without which the contract refuses a create on the platform, and that the smallest create has."""
    body = requirement.create_input or {}
    return [
        path
        for path, field in resource.create_fields.items()
        if (field.required_chain or requirement.platform in field.required_on)
        and field.on(requirement.platform)
        and has(body, path)
    ]


def references(requirement: Requirement, resource: Resource) -> list[str]:
    """Top-level inputs of the smallest create that hold the id of another object."""
    body = requirement.create_input or {}
    return [
        path
        for path, field in resource.create_fields.items()
        if "." not in path and field.ref is not None and not field.is_array and path in body
    ]
