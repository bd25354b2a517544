"""List queries: filter grammar, sort, windows, simple equality. Source: [H:8753216581], [S24] list parameters."""

import re
from collections.abc import Mapping
from typing import Any

from harness.contract import Resource
from harness.emulator.clock import read_millis
from harness.emulator.documents import Condition, Order, Query
from harness.emulator.errors import invalid_request
from harness.emulator.quirks import quirk
from harness.emulator.settings import EmulatorSettings
from harness.emulator.storage.layout import OTHER, SORTABLE, WINDOWS, slot_of, window_slot
from harness.emulator.storage.sortkeys import of_number, of_text, of_value

CONDITION = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_.]*)\s*(=|>|~)\s*"((?:[^"\\]|\\.)*)"')


def parse(query: Mapping[str, str], resource: Resource, platform: str, settings: EmulatorSettings) -> Query:
    """The query of a list, without its place and limit; ApiError 400 for what the API does not understand."""
    parameters = resource.operations["list"].parameters
    conditions: list[Condition] = []
    for name, value in query.items():
        known = parameters.get(name)
        if known is None or name in OTHER:
            continue
        if not known.on(platform):
            continue
        conditions.append(_parameter(name, value, resource))
    filtering = "filter" in query and "filter" in parameters and quirk(platform, "filter") == "works"
    if filtering and parameters["filter"].enum is None:
        conditions.extend(parse_filter(query["filter"], resource, settings))
    order = None
    if "sort" in query and "sort" in parameters and quirk(platform, "filter") == "works":
        words = parameters["sort"].enum
        order = _direction(query["sort"], words, resource) if words else parse_sort(query["sort"], resource, settings)
    return Query(tuple(conditions), order)


def parse_filter(text: str, resource: Resource, settings: EmulatorSettings) -> list[Condition]:
    """`field op "value"` joined by ` AND `; fields of the contract's filterable list only."""
    conditions: list[Condition] = []
    place = 0
    while True:
        match = CONDITION.match(text, place)
        if match is None:
            raise invalid_request(f"The filter is not understood at position {place}.")
        name, operator, value = match[1], match[2], re.sub(r"\\(.)", r"\1", match[3])
        if name not in resource.filterable:
            raise invalid_request(f"{name} is not filterable.", field=name)
        conditions.append(_condition(resource, name, operator, value, settings))
        place = match.end()
        if not text[place:].strip():
            return conditions
        joined = re.compile(r"\s+AND\s+").match(text, place)
        if joined is None:
            raise invalid_request(f"The filter is not understood at position {place}.")
        place = joined.end()


def _condition(resource: Resource, name: str, operator: str, value: str, settings: EmulatorSettings) -> Condition:
    slot = slot_of(name, resource)
    if slot.instant:
        bound = read_millis(value)
        if bound is None:
            raise invalid_request(f"{name} needs an ISO 8601 timestamp.", field=name)
        if operator == "~" and not settings.filter_contains_time:
            raise invalid_request(f"~ does not work on {name}.", field=name)
        return Condition(slot, "above" if operator == ">" else "is", (bound,))
    if operator == ">":
        if not settings.filter_after_text:
            raise invalid_request(f"> works on timestamps, not on {name}.", field=name)
        return Condition(slot, "above", (of_text(value),))
    if operator == "~":
        return Condition(slot, "has", (value,))
    return Condition(slot, "is", _keys(value))


def _keys(value: str) -> tuple[str, ...]:
    """The keys of every JSON value that a text equals: itself, a number that it spells, true or false."""
    if value in {"true", "false"}:
        return of_text(value), of_value(value == "true")
    try:
        return of_text(value), of_number(float(value))
    except ValueError:
        return (of_text(value),)


def _direction(text: str, words: tuple[Any, ...], resource: Resource) -> Order:
    """The sort of commerce transactions is a direction alone: `asc` or `desc`, by `updated_at` (INFERRED). Source:
    [S24]."""
    if text not in words:
        raise invalid_request(f"sort is one of {', '.join(map(str, words))}.", parameter="sort")
    return Order(slot_of("updated_at", resource), descending=text == "desc")


def parse_sort(text: str, resource: Resource, settings: EmulatorSettings) -> Order | None:
    """`<field> [ASC|DESC]`, ascending by default. Source: [S24] ListParams."""
    parts = text.split()
    if len(parts) not in {1, 2} or (len(parts) == 2 and parts[1] not in {"ASC", "DESC"}):
        raise invalid_request('sort is "<field> ASC" or "<field> DESC".')
    if parts[0] not in (*resource.filterable, *SORTABLE):
        if settings.sort_unknown == "ignore":
            return None
        raise invalid_request(f"{parts[0]} cannot be sorted by.", field=parts[0])
    return Order(slot_of(parts[0], resource), descending=len(parts) == 2 and parts[1] == "DESC")


def _parameter(name: str, value: str, resource: Resource) -> Condition:
    if name not in WINDOWS:
        return Condition(slot_of(name, resource), "is", _keys(value))
    return Condition(window_slot(name, resource), "until" if WINDOWS[name][1] else "from", (millis(name, value),))


def millis(name: str, value: str) -> int:
    """The Unix milliseconds of a parameter; ApiError 400 for what is no integer."""
    try:
        return int(value)
    except ValueError:
        raise invalid_request(f"{name} is Unix milliseconds.", parameter=name) from None
