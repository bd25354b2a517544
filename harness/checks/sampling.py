"""Choosing few rows that stand for many."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MANY = 4
"""From this length on the length of a list says no more than that it is long."""
KINDS = 12
"""A field with more values than this is no kind of row."""


def telling(rows: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """At most `most` rows that together show what the list holds: null and filled fields, each status, currency and
    type, short and long lists, other scripts. The last row is always there: it is from the last page."""
    if len(rows) <= most:
        return list(rows)
    features = [frozenset(_features(row)) for row in rows]
    common: dict[str, set[Any]] = defaultdict(set)
    for row in features:
        for name, value in row:
            common[name].add(value)
    kinds = {name for name, found in common.items() if 1 < len(found) <= KINDS}
    chosen = [len(rows) - 1]
    covered = set(features[-1])
    while len(chosen) < most:
        left = [index for index in range(len(rows)) if index not in chosen]
        best = max(left, key=lambda index: (_gain(features[index] - covered, kinds), -index))
        chosen.append(best)
        covered |= features[best]
    return [rows[index] for index in sorted(chosen)]


def _gain(fresh: frozenset[tuple[str, Any]], kinds: set[str]) -> int:
    return sum(name in kinds for name, _ in fresh)


def _features(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        place = f"{path}.{name}" if path else name
        if isinstance(item, list):
            yield place, min(len(item), MANY)
            for part in item[:1]:
                if isinstance(part, Mapping):
                    yield from _features(part, f"{place}[]")
        elif isinstance(item, Mapping):
            yield from _features(item, place)
        elif isinstance(item, str):
            yield place, item
            yield f"{place}?", (item == "", item.isascii(), len(item) > 40)
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            yield f"{place}?", (item > 0) - (item < 0)
        else:
            yield place, item
