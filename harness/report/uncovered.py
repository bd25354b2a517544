"""What of the API's surface no case of a run touched, and how far the rest was taken."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.report.surface import Coverage, FieldCell

STEPS = ("declared", "seen", "filled", "written", "updated", "compared")
"""How far a field was taken: declared by the contract, in some row, neither null nor empty in one, sent in a write,
sent in an update, and come back as it was sent."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that no case touched. `kind` is operation, parameter or field; `platforms` where it could have been."""

    kind: str
    resource: str
    name: str
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldSteps:
    """How many declared fields of a resource were taken to each of `STEPS`."""

    resource: str
    counts: tuple[int, ...]


def gaps(coverage: Coverage) -> Iterator[Gap]:
    """Operations and parameters that were never exercised on any platform that has them, and fields never seen."""
    yield from _operations(coverage)
    yield from _parameters(coverage)
    for item in coverage.fields:
        if item.rows:
            unseen = (cell for cell in item.fields if cell.declared and not cell.seen and not cell.written)
            yield from (Gap("field", item.resource, cell.field) for cell in unseen)


def field_steps(coverage: Coverage) -> Iterator[FieldSteps]:
    """One line per resource that was read."""
    for item in coverage.fields:
        cells = [cell for cell in item.fields if cell.declared]
        if item.rows:
            yield FieldSteps(item.resource, tuple(sum(_at(cell, step) for cell in cells) for step in STEPS))


def _at(cell: FieldCell, step: str) -> bool:
    return bool(getattr(cell, step))


def _operations(coverage: Coverage) -> Iterator[Gap]:
    asked: dict[tuple[str, str], int] = {}
    places: dict[tuple[str, str], list[str]] = {}
    for cell in coverage.endpoints:
        if cell.resource is None or cell.operation is None or not cell.supported:
            continue
        key = (cell.resource, cell.endpoint)
        asked[key] = asked.get(key, 0) + cell.requests
        places.setdefault(key, []).append(cell.platform)
    for (resource, endpoint), count in asked.items():
        if not count:
            yield Gap("operation", resource, endpoint, tuple(places[resource, endpoint]))


def _parameters(coverage: Coverage) -> Iterator[Gap]:
    asked: dict[tuple[str, str], int] = {}
    places: dict[tuple[str, str], list[str]] = {}
    for cell in coverage.parameters:
        if cell.supported:
            key = (cell.resource, f"{cell.operation}?{cell.parameter}")
            asked[key] = asked.get(key, 0) + cell.requests
            places.setdefault(key, []).append(cell.platform)
    for (resource, name), count in asked.items():
        if not count:
            yield Gap("parameter", resource, name, tuple(places[resource, name]))
