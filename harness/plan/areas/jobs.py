"""Cases of the area `jobs`: writes that answer later."""

from collections.abc import Iterator

from harness.contract import Contract, Resource
from harness.plan.areas.writes import references
from harness.plan.case import Case, Requirement


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"jobs.{kind}", platform, resource.name, detail, params, requirement.plans)

    if requirement.create_input is None or not resource.operations["create"].is_async:
        return
    yield case("create")
    refused = references(requirement, resource)
    if refused:
        yield case("failure", path=refused[0])
    if resource.supports("get", platform):
        if requirement.changes and resource.operations["update"].is_async:
            needed, others = _partial(requirement, resource)
            yield case("update", needed=needed, others=others)
        if requirement.delete and resource.operations["delete"].is_async:
            yield case("delete")


def _partial(requirement: Requirement, resource: Resource) -> tuple[list[str], list[str]]:
    """(What an asynchronous PATCH cannot do without, what it sends one of). What it leaves out stays, as after a
    synchronous one: a memo, which most objects have, is the last to be sent."""
    changes = requirement.changes or {}
    needed = [path for path, field in resource.update_fields.items() if field.required and "." not in path]
    others = sorted((name for name in changes if name not in needed), key=lambda name: name == "memo")
    return (needed, others) if set(needed) <= set(changes) else (list(changes), [])


def expand_platform(platform: str, plans: tuple[str, ...], contract: Contract) -> Iterator[Case]:  # noqa: ARG001
    """The cases about the API as a whole."""
    yield Case("jobs.unknown", platform, None, "", {}, plans)
