"""One page of a list, found through indexes: what it costs does not depend on where it stands in the list.

The default order is newest first: `updated` descending, then position descending. A sorted list is ordered by a key,
rows of equal keys by position ascending in both directions, rows without a value last in both directions. A page
starts behind the place of the row before it, which need not exist any more.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from harness.emulator.storage.choosing import Part, index_of
from harness.emulator.storage.database import Database
from harness.emulator.storage.rows import COLUMNS, Row
from harness.emulator.storage.sortkeys import LARGEST, LONGEST, MISSING, Layout, Slot, of_number, storable
from harness.emulator.storage.texts import Texts

Operator = Literal["is", "above", "from", "until", "has"]
SIGNS = {"above": ">", "from": ">=", "until": "<="}


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row must hold: the field `is` one of the values, is `above`, `from` (at least) or `until` (at most) the
    value, or `has` the text in it. Values are keys (`sortkeys`), those of an instant Unix milliseconds, that of `has`
    a plain text. Rows without a value never match."""

    slot: Slot
    operator: Operator
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """The field that a list is sorted by."""

    slot: Slot
    descending: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the sort value of its last row (`updated` in the default order) and its position."""

    value: str | int
    position: int


@dataclass(frozen=True, slots=True)
class Query:
    """A list query. `order` None: the default order; `after` None: from the start."""

    conditions: tuple[Condition, ...] = ()
    order: Order | None = None
    after: Place | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class _Filter:
    """A WHERE clause with its values, and the index that it is read by."""

    text: str
    values: tuple[Any, ...]
    index: str = ""

    def plus(self, text: str, *values: Any) -> "_Filter":
        return replace(self, text=f"{self.text} AND {text}", values=(*self.values, *values))


def read_page(database: Database, texts: Texts, shelf: int, layout: Layout, query: Query) -> list[Row]:
    """The rows of a page in order, at most `query.limit`. LookupError for an order that no key is kept of."""
    parts: list[Part] = []
    counted: list[Part] = []
    few: list[int] | None = None
    for condition in query.conditions:
        column = layout.column(condition.slot)
        if column is None or not condition.values:
            return []
        parts.append(_part(database, column, condition))
        if condition.operator != "has" or not texts.knows(shelf, column):
            counted.append(parts[-1])
        elif few is None:
            few = texts.rows(shelf, column, storable(str(condition.values[0])))
    order = None if query.order is None else layout.column(query.order.slot)
    if query.order is not None and order is None:
        raise LookupError(f"no key of {query.order.slot.field} is kept")
    if few is None:
        kept = _Filter("shelf = ?", (shelf,), index_of(database, shelf, counted, order))
    elif database.shared:
        kept = _Filter("shelf = ? AND position = ANY(?)", (shelf, few))
    else:
        among = "shelf = ? AND position IN (SELECT value FROM json_each(?))"
        kept = _Filter(among, (shelf, json.dumps(few)), "NOT INDEXED")
    for part in parts:
        kept = kept.plus(part.text, *part.values)
    scan = _Scan(database, kept)
    if query.order is None or order is None:
        return scan.newest(query.after, query.limit)
    if query.order.descending:
        return scan.falling(order, query.after, query.limit)
    return scan.rising(order, query.after, query.limit)


def _part(database: Database, column: str, condition: Condition) -> Part:
    if condition.operator == "has":
        return _contains(database, condition.slot.field, column, str(condition.values[0]))
    values = tuple(_comparable(value, column) for value in condition.values)
    if condition.operator == "is":
        return Part(column, f"{column} IN ({', '.join('?' for _ in values)})", values, equality=len(values) == 1)
    text = f"{column} {SIGNS[condition.operator]} ?"
    if column == "updated":
        return Part(column, text, values, equality=False)
    kind = str(values[0])[0]
    if condition.operator == "until":
        return Part(column, f"{text} AND {column} >= ?", (*values, kind), equality=False)
    return Part(column, f"{text} AND {column} < ?", (*values, chr(ord(kind) + 1)), equality=False)


def _comparable(value: str | int, column: str) -> str | int:
    if isinstance(value, str):
        return value
    return min(max(value, -LARGEST), LARGEST) if column == "updated" else of_number(value)


def _contains(database: Database, field: str, column: str, text: str) -> Part:
    """A text in a key. A key that was cut sends us to the document."""
    find, whole, path = (
        ("strpos", "body::json ->> ?", field) if database.shared else ("instr", "json_extract(body, ?)", f'$."{field}"')
    )
    return Part(
        column,
        f"{column} >= '1' AND {column} < '2' AND CASE WHEN length({column}) > {LONGEST + 1} "
        f"THEN {find}({whole}, ?) > 0 ELSE {find}(substr({column}, 2), ?) > 0 END",
        (path, storable(text), storable(text)),
        equality=False,
    )


class _Scan:
    """Walks the rows that a filter keeps, along one order."""

    def __init__(self, database: Database, kept: _Filter) -> None:
        self._database = database
        self._kept = kept

    def newest(self, after: Place | None, limit: int) -> list[Row]:
        """The default order."""
        kept = self._kept
        if after is not None:
            kept = kept.plus("(updated, position) < (?, ?)", after.value, after.position)
        return self._rows("NULL", kept, "updated DESC, position DESC", limit)

    def rising(self, column: str, after: Place | None, limit: int) -> list[Row]:
        """Ascending, rows without a value last: their key is the greatest."""
        kept = self._kept if column == "updated" else self._kept.plus(f"{column} >= ?", "")
        if after is not None:
            kept = kept.plus(f"({column}, position) > (?, ?)", after.value, after.position)
        return self._rows(column, kept, f"{column}, position", limit)

    def falling(self, column: str, after: Place | None, limit: int) -> list[Row]:
        """Descending, rows of equal keys still by ascending position, rows without a value last."""
        held = self._kept if column == "updated" else self._kept.plus(f"{column} < ?", MISSING)
        found: list[Row] = []
        if after is not None and after.value != MISSING:
            found = self._equal(column, after, limit)
            held = held.plus(f"{column} < ?", after.value)
        if (after is None or after.value != MISSING) and len(found) < limit:
            found += self._lower(column, held, limit - len(found))
        if column != "updated" and len(found) < limit:
            start = after.position if after is not None and after.value == MISSING else 0
            found += self._equal(column, Place(MISSING, start), limit - len(found))
        return found

    def _lower(self, column: str, held: _Filter, limit: int) -> list[Row]:
        """Rows of falling keys. The index gives equal keys by falling position: groups that are whole are turned
        round, the last one may be cut and is read again from its start."""
        found = self._rows(column, held, f"{column} DESC, position DESC", limit)
        if not found:
            return found
        last = found[-1].key
        whole = found if len(found) < limit else [row for row in found if row.key != last]
        turned: list[Row] = []
        group: list[Row] = []
        for row in whole:
            if group and row.key != group[0].key:
                turned += reversed(group)
                group = []
            group.append(row)
        turned += reversed(group)
        if len(found) < limit or last is None:
            return turned
        return turned + self._equal(column, Place(last, 0), limit - len(turned))

    def _equal(self, column: str, place: Place, limit: int) -> list[Row]:
        """Rows of one key behind a position."""
        kept = self._kept.plus(f"{column} = ? AND position > ?", place.value, place.position)
        return self._rows(column, kept, "position", limit)

    def _rows(self, key: str, kept: _Filter, order: str, limit: int) -> list[Row]:
        chosen = f"SELECT position FROM documents {kept.index} WHERE {kept.text} ORDER BY {order} LIMIT ?"  # noqa: S608 - names of our own; values are bound
        statement = f"SELECT {COLUMNS}, {key} FROM documents WHERE position IN ({chosen}) ORDER BY {order}"  # noqa: S608 - the same
        return [Row(*found) for found in self._database.rows(statement, *kept.values, limit)]


def next_place(row: Row, order: Order | None) -> Place:
    """The place of a row, for the page behind it."""
    return Place(row.updated if order is None or row.key is None else row.key, row.position)
