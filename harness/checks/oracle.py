"""What a client can work out from a whole list: which rows fit a condition, which values are worth asking for."""

import marshal
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.checks.echo import instant
from harness.checks.paths import differences, exact
from harness.contract import Resource

VOLATILE = frozenset({"updated_at", "last_synced_at", "platform_data"})
"""Fields that move by themselves, or are only there when asked for."""

_GRAMMAR = frozenset("\"'&+%\\#?=<>~")
"""Signs that mean something in a URL or in the grammar of filters: what escaping done wrong would spoil."""

WORDS = 4
"""Words of an enum that a filter is tried with: each may be mapped to the platform's own in a way of its own."""

Condition = tuple[str, str]
"""(operator, value) of a filter."""


def millis(value: Any) -> int | None:
    """Unix milliseconds of an ISO 8601 timestamp or day (UTC); None for everything else."""
    if not isinstance(value, str):
        return None
    found = instant(f"{value}T00:00:00Z" if len(value) == 10 else value)
    return None if found is None else round(found.timestamp() * 1000)


def kind_of(resource: Resource, field: str) -> str:
    """How the values of a field are ordered: date, number or text."""
    described = resource.fields.get(field)
    if described is not None and (described.is_date_time or described.format == "date"):
        return "date"
    numeric = described is not None and described.types <= {"number", "integer"} and described.types
    return "number" if numeric else "text"


def fits(row: Mapping[str, Any], field: str, operator: str, value: str) -> bool:
    """Whether a row fits a filter condition: `=` exact and case-sensitive, `>` strictly after, `~` contains. Null fits
    nothing. Source: [H:8753216581]."""
    found = row.get(field)
    if found is None:
        return False
    moment = millis(found)
    if operator == ">":
        bound = millis(value)
        return moment is not None and bound is not None and moment > bound
    if operator == "~":
        return isinstance(found, str) and value in found
    if moment is not None and millis(value) is not None:
        return moment == millis(value)
    if isinstance(found, bool):
        return value == str(found).lower()
    if isinstance(found, (int, float)):
        return exact(found) == exact(value)
    return bool(found == value)


def choose_values(resource: Resource, field: str, rows: Sequence[Mapping[str, Any]]) -> list[Condition]:
    """Conditions on a field that tell right from wrong selections: values that some rows have and some have not, each
    word of an enum that rows have, up to four, a bound that a row lies on, a piece of a text, another case, and one
    that fits nothing."""
    values = [row[field] for row in rows if row.get(field) not in (None, "")]
    values = [value for value in values if isinstance(value, (str, int, float))]
    if not values:
        return []
    if kind_of(resource, field) == "date":
        stamps = sorted({str(value) for value in values})
        return [(">", stamps[len(stamps) * 3 // 4]), ("=", stamps[len(stamps) // 3]), (">", stamps[-1])]
    counted = sorted({str(value) for value in values}, key=lambda text: (len(text), text))
    chosen = counted[len(counted) // 2]
    hard = max(counted, key=lambda text: (len(_GRAMMAR & set(text)), text))
    conditions = [("=", _text(chosen, values)), ("=", _text(hard, values))]
    described = resource.fields.get(field)
    if described is not None and described.enum is not None:
        conditions += [("=", _text(word, values)) for word in counted if word not in (chosen, hard)][: WORDS - 2]
    free = described is not None and described.enum is None and described.ref is None and described.format != "uuid"
    if isinstance(values[0], str) and free:
        # Like `=` for a prefix or another case, each of these catches a comparison that is too generous.
        foreign = max(counted, key=lambda text: (sum(not sign.isascii() for sign in text), text))
        conditions += [("~", chosen[: max(2, len(chosen) // 2)]), ("~", foreign), ("~", chosen[1:])]
        conditions.append(("=", chosen[: max(1, len(chosen) * 2 // 3)].strip()))
        cased = next((text for text in counted if text.swapcase() != text), None)
        conditions += [("=", cased.swapcase()), ("~", cased.swapcase())] if cased else []
    return list(dict.fromkeys(condition for condition in conditions if condition[1].strip() == condition[1] != ""))


def _text(text: str, values: Sequence[Any]) -> str:
    return next((str(value).lower() for value in values if isinstance(value, bool) and str(value) == text), text)


def page_size(rows: Sequence[Mapping[str, Any]], most: int) -> int:
    """How many rows a page should have, `most` or up to a half fewer: so many that pages of a list in its default
    order end between rows of the same moment wherever that can be. There a list that goes on after the moment of its
    last row loses some."""
    marks = [row.get("updated_at") for row in rows]

    def ties(limit: int) -> int:
        return sum(marks[end] is not None and marks[end - 1] == marks[end] for end in range(limit, len(marks), limit))

    return max(range(most, max(1, most - most // 2 - 1), -1), key=ties)


def changed_rows(
    plain: Mapping[str, Mapping[str, Any]], seen: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Any, Any]]:
    """Where rows differ from those of the plain list, leaving out what moves by itself."""
    for row in seen:
        known = plain.get(str(row.get("id")))
        if known is None or known.get("updated_at") != row.get("updated_at"):
            continue
        if _bytes(known) == _bytes(row):  # nearly always, and a hundred times faster than walking both
            continue
        for path, left, right in differences(known, row):
            if path.partition(".")[0] not in VOLATILE:
                yield path, left, right


def _bytes(row: Mapping[str, Any]) -> bytes:
    """The row as bytes that tell true from 1; version 2 writes equal values alike."""
    return marshal.dumps(dict(row), 2)


def mixed_up(rows: Sequence[tuple[str, Any, Any]]) -> tuple[str, ...]:
    """The ids of those of `rows` (id, platform_id, raw record) that have the raw record of another row.

    A raw record has no known shape. Yet where one of its keys holds, over all rows, just the platform_ids of these rows
    and no key holds each row's own, that key is the id in the record, and the records stand with the wrong rows.
    """
    kept = [(id, str(own), raw) for id, own, raw in rows if own and isinstance(raw, Mapping)]
    owns = [own for _, own, _ in kept]
    if len(set(owns)) < 2 or len(kept) < len(rows):
        return ()
    wrong: tuple[str, ...] = ()
    for name in sorted({str(name) for _, _, raw in kept for name in raw}):
        told = [str(raw.get(name)) for _, _, raw in kept]
        if told == owns:
            return ()
        if sorted(told) == sorted(owns):
            wrong = wrong or tuple(id for (id, own, _), seen in zip(kept, told, strict=True) if own != seen)
    return wrong
