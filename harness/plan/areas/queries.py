"""Cases of the area `queries`: what a list answers to each parameter."""

from collections.abc import Container, Iterator

from harness.contract import Contract, Resource
from harness.plan.case import Case, Requirement

WINDOWS = {
    "created_at_min": ("created_at", "min"),
    "created_at_max": ("created_at", "max"),
    "updated_at_min": ("updated_at", "min"),
    "updated_at_max": ("updated_at", "max"),
    "last_synced_at_min": ("last_synced_at", "min"),
    "transaction_date_min": ("transaction_date", "min"),
    "transaction_date_max": ("transaction_date", "max"),
    "arrival_at_min": ("arrival_date", "min"),
    "arrival_at_max": ("arrival_date", "max"),
}
"""Parameter -> (field it bounds, side). Unix milliseconds, inclusive. Source: [S24] list parameters."""

STAMPS = ("last_synced_at", "updated_at", "created_at")
"""Filterable timestamps that every row has."""

RANGES = frozenset({"start_date", "end_date"})
SINGLE = frozenset({"expand", "id_type", "force_fetch"})


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform
    if not resource.supports("list", platform):
        return

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"queries.{kind}", platform, resource.name, detail, params, requirement.plans)

    if resource.is_paged:
        yield case("pages")
        yield case("limit")
        yield case("limit_large")
    if requirement.sort and "updated_at" in resource.fields:
        yield case("default_order")
    yield from (case("sort", field, field=field) for field in requirement.sort)
    yield from (case("filter", field, field=field) for field in requirement.filter)
    stamps = [name for name in requirement.filter if name in STAMPS]
    if stamps and len(requirement.filter) > 1:
        yield case("filter_and")
    if stamps:
        yield case("filter_pages")
        if requirement.sort:
            windowed = "updated_at_max" in requirement.params and "updated_at_max" in listed_parameters(resource)
            others = [name for name in requirement.sort if name != stamps[0]] or requirement.sort
            window = "updated_at_max" if windowed and "updated_at" in resource.fields else None
            yield case("combined", filter=stamps[0], sort=others[-1], window=window)
    if requirement.filter:
        yield case("filter_refused")
    for name in requirement.params:
        yield from _parameter(resource, name, case)
    if set(requirement.params) >= RANGES:
        yield case("range")
    if resource.supports("get_pdf", platform):
        yield case("pdf")


def listed_parameters(resource: Resource) -> Container[str]:
    """The names of the query parameters of a list."""
    return resource.operations["list"].parameters


def _parameter(resource: Resource, name: str, case: object) -> Iterator[Case]:
    make = case
    assert callable(make)
    listed = resource.operations["list"].parameters
    if name in WINDOWS:
        field, side = WINDOWS[name]
        found = window_field(resource, field)
        if name in listed and found is not None:
            yield make("window", name, parameter=name, field=found, side=side)
    elif name == "expand":
        if "platform_data" in resource.fields:
            yield make(name)
    elif name in SINGLE:
        yield make(name)
    elif name not in RANGES and name in listed and name in resource.fields:
        yield make("value", name, parameter=name)


def window_field(resource: Resource, name: str) -> str | None:
    """The field that a window bounds, under the name that the resource has for it."""
    other = {"transaction_date": "txn_date", "arrival_date": "arrival_at"}
    return next((path for path in (name, other.get(name)) if path in resource.fields), None)
