"""Cases of the area `errors`: who may not, may not; what is not there, is not there."""

from collections.abc import Iterator

from harness.contract import Contract
from harness.plan.case import Case, Requirement

ABOUT_THE_API = (
    "wrong_secret",
    "wrong_client",
    "no_credentials",
    "wrong_token",
    "no_token",
    "no_version",
    "wrong_version",
    "unknown_path",
    "broken_json",
)


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"errors.{kind}", platform, resource.name, detail, params, requirement.plans)

    if resource.supports("list", platform):
        yield case("list_access")
        if resource.supports("get", platform):
            yield case("isolation")
    if resource.supports("get", platform):
        yield case("unknown_id", "get")
    if requirement.changes:
        yield case("unknown_id", "update")
    if requirement.create_input is not None:
        yield case("write_access")
        if resource.supports("get", platform):
            yield case("write_isolation")
    if requirement.delete:
        yield case("unknown_id", "delete")


def expand_platform(platform: str, plans: tuple[str, ...], contract: Contract) -> Iterator[Case]:
    """The cases about the API as a whole."""
    yield from (Case(f"errors.{kind}", platform, None, "", {}, plans) for kind in ABOUT_THE_API)
    for name, resource in contract.resources.items():
        accounting = resource.domain in {"accounting", "commerce"} and resource.is_paged
        if accounting and not resource.supports("list", platform) and resource.support("list").platforms is not None:
            yield Case("errors.unsupported", platform, None, name, {"resource": name}, plans)
