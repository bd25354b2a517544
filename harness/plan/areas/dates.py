"""Cases of the area `dates`: a day that is sent is the day that is read."""

from collections.abc import Iterator

from harness.contract import Contract, Field, Resource
from harness.plan.case import Case, Requirement

DAYS = {
    "leap_day": ("2024-02-29", "2028-02-29"),
    "month_end": ("2024-01-31", "2024-04-30"),
    "short_month_end": ("2023-02-28", "2023-11-30"),
    "year_end": ("2022-12-31", "2023-12-31"),
    "new_year": ("2024-01-01", "2024-03-31"),
    "day_and_month": ("2024-04-05", "2024-06-07"),
    "summer": ("2024-06-30", "2024-11-03"),
}
"""Days that break wrong code, the second for what is due: a day early or late, day and month swapped, zones with
daylight saving time and the days on which they change, months of 28 to 31 days, every day of the week."""

MARKS = frozenset({"created_at", "updated_at", "last_synced_at"})
"""Set by the API, never by a write."""


MIRRORED = "rutter_transaction_id"
"""In a transaction of the ledger: the id of its document. Source: [S24], QUICKBOOKS and NETSUITE."""


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"dates.{kind}", platform, resource.name, detail, params, requirement.plans)

    if resource.supports("list", platform):
        read = [path for path in requirement.dates if path in resource.fields]
        others = [path for path in spelled_dates(resource, platform) if path not in read]
        if read or others:
            yield case("read", paths=read, others=others)
        if MIRRORED in resource.fields and resource.fields[MIRRORED].on(platform):
            yield case("same_day")
    if requirement.create_input is None or not resource.supports("get", platform):
        return
    paths = writable_dates(requirement, resource)
    if paths:
        yield from (case("round_trip", name, paths=paths, days=days) for name, days in DAYS.items())
        yield case("late_evening", paths=paths)
        yield case("generated", paths=paths)


def spelled_dates(resource: Resource, platform: str) -> list[str]:
    """Fields of the returned object, at any depth, that hold a date by their format or by their name."""
    return [
        path
        for path, field in resource.fields.items()
        if (field.format in {"date-time", "date"} or (field.format is None and _named_date(field)))
        and field.on(platform)
        and not path.startswith("platform_data")
    ]


def _named_date(field: Field) -> bool:
    return field.name.endswith(("_date", "_at")) and "string" in field.types


def writable_dates(requirement: Requirement, resource: Resource) -> list[str]:
    """Top-level date inputs of a create that can be read back."""
    return [
        path
        for path, field in resource.create_fields.items()
        if path in requirement.dates
        and "." not in path
        and field.format in {"date-time", "date"}
        and field.on(requirement.platform)
        and path not in MARKS
    ]
