"""List queries: filter grammar, sort, windows, simple equality. Source: [H:8753216581], [S24] list parameters."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contract import Resource
from harness.contract.resource import FILTER_IGNORED
from harness.emulator.clock import read_millis
from harness.emulator.documents import Row
from harness.emulator.errors import invalid_request
from harness.emulator.settings import EmulatorSettings

CONDITION = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_.]*)\s*(=|>|~)\s*"((?:[^"\\]|\\.)*)"')
WINDOWS = {
    "updated_at_min": ("updated_at", False), "updated_at_max": ("updated_at", True),
    "created_at_min": ("created_at", False), "created_at_max": ("created_at", True),
    "last_synced_at_min": ("last_synced_at", False),
    "transaction_date_min": ("transaction_date", False), "transaction_date_max": ("transaction_date", True),
    "arrival_at_min": ("arrival_at", False), "arrival_at_max": ("arrival_at", True),
}  # fmt: skip
"""Parameter -> (field, is an upper bound); Unix milliseconds, bounds inclusive. Source: [S24]."""
OTHER = frozenset({"access_token", "cursor", "limit", "sort", "filter", "expand", "force_fetch", "id_type",
                   "response_mode", "start_date", "end_date", "properties"})  # fmt: skip
SORTABLE = ("updated_at", "created_at", "last_synced_at")
Predicate = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Listing:
    """A parsed list query. `order` is None for the default; `narrows` says whether any predicate applies."""

    predicates: tuple[Predicate, ...]
    order: tuple[str, bool] | None

    def run(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that match, in order."""
        found = [row for row in rows if all(test(row.document) for test in self.predicates)]
        if self.order is None:
            return found
        name, descending = self.order
        filled = [row for row in found if row.document.get(name) is not None]
        missing = [row for row in found if row.document.get(name) is None]
        filled.sort(key=lambda row: row.position)
        filled.sort(key=lambda row: _rank(row.document[name]), reverse=descending)
        return filled + missing


def parse(query: Mapping[str, str], resource: Resource, platform: str, settings: EmulatorSettings) -> Listing:
    """The query of a list; ApiError 400 for what the API does not understand."""
    parameters = resource.operations["list"].parameters
    predicates: list[Predicate] = []
    for name, value in query.items():
        known = parameters.get(name)
        if known is None or name in OTHER:
            continue
        if not known.on(platform):
            continue
        predicates.append(_parameter(name, value, resource))
    filtering = "filter" in query and "filter" in parameters and platform not in FILTER_IGNORED
    if filtering and parameters["filter"].enum is None:
        predicates.extend(parse_filter(query["filter"], resource, settings))
    order = None
    if "sort" in query and "sort" in parameters and platform not in FILTER_IGNORED:
        order = parse_sort(query["sort"], resource, settings)
    return Listing(tuple(predicates), order)


def parse_filter(text: str, resource: Resource, settings: EmulatorSettings) -> list[Predicate]:
    """`field op "value"` joined by ` AND `; fields of the contract's filterable list only."""
    predicates: list[Predicate] = []
    place = 0
    while True:
        match = CONDITION.match(text, place)
        if match is None:
            raise invalid_request(f"The filter is not understood at position {place}.")
        name, operator, value = match[1], match[2], re.sub(r"\\(.)", r"\1", match[3])
        if name not in resource.filterable:
            raise invalid_request(f"{name} is not filterable.", field=name)
        predicates.append(_condition(resource, name, operator, value, settings))
        place = match.end()
        if not text[place:].strip():
            return predicates
        joined = re.compile(r"\s+AND\s+").match(text, place)
        if joined is None:
            raise invalid_request(f"The filter is not understood at position {place}.")
        place = joined.end()


def _condition(resource: Resource, name: str, operator: str, value: str, settings: EmulatorSettings) -> Predicate:
    field = resource.fields.get(name)
    if field is not None and field.is_date_time:
        bound = read_millis(value)
        if bound is None:
            raise invalid_request(f"{name} needs an ISO 8601 timestamp.", field=name)
        if operator == "~" and not settings.filter_contains_time:
            raise invalid_request(f"~ does not work on {name}.", field=name)
        if operator == ">":
            return lambda row: _instant(row, name) is not None and (_instant(row, name) or 0) > bound
        return lambda row: _instant(row, name) == bound
    if operator == ">" and not settings.filter_after_text:
        raise invalid_request(f"> works on timestamps, not on {name}.", field=name)
    if operator == "~":
        return lambda row: isinstance(row.get(name), str) and value in row[name]
    return lambda row: _equals(row.get(name), value)


def _equals(found: Any, value: str) -> bool:
    if isinstance(found, bool):
        return value == str(found).lower()
    if isinstance(found, (int, float)):
        try:
            return float(value) == float(found)
        except ValueError:
            return False
    return bool(found == value)


def _instant(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name)
    return read_millis(value) if isinstance(value, str) else None


def parse_sort(text: str, resource: Resource, settings: EmulatorSettings) -> tuple[str, bool] | None:
    """`<field> [ASC|DESC]`, ascending by default. Source: [S24] ListParams."""
    parts = text.split()
    if len(parts) not in {1, 2} or (len(parts) == 2 and parts[1] not in {"ASC", "DESC"}):
        raise invalid_request('sort is "<field> ASC" or "<field> DESC".')
    if parts[0] not in (*resource.filterable, *SORTABLE):
        if settings.sort_unknown == "ignore":
            return None
        raise invalid_request(f"{parts[0]} cannot be sorted by.", field=parts[0])
    return parts[0], len(parts) == 2 and parts[1] == "DESC"


def _parameter(name: str, value: str, resource: Resource) -> Predicate:
    if name in WINDOWS:
        field, upper = WINDOWS[name]
        if field not in resource.fields and field == "transaction_date":
            field = "txn_date"
        try:
            bound = int(value)
        except ValueError:
            raise invalid_request(f"{name} is Unix milliseconds.", parameter=name) from None
        if upper:
            return lambda row: _instant(row, field) is not None and (_instant(row, field) or 0) <= bound
        return lambda row: _instant(row, field) is not None and (_instant(row, field) or 0) >= bound
    return lambda row: _equals(row.get(name), value)


def _rank(value: Any) -> tuple[int, Any]:
    """A key that orders texts by code point and numbers by value."""
    return (0, float(value)) if isinstance(value, (int, float)) else (1, str(value))
