"""Where a text occurs among the keys of a long list: `~` with few matches would walk an index to its end.

All keys of one column are joined to one text, when they are first asked for, and searched at the speed of memory: a
million of them take some milliseconds. Only the owner of a database can do so: others would not hear of changes.
"""

import json
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from harness.emulator.storage.choosing import FEW
from harness.emulator.storage.database import Database
from harness.emulator.storage.sortkeys import LONGEST

LONG = 2_000
"""Rows from which on a list is worth it."""
END = b"\0"
"""Stands between the keys; `storable` keeps it out of them."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The keys of a column in one text, the positions of their rows, and of those whose key was cut."""

    text: bytes
    positions: "array[int]"
    cut: tuple[int, ...]

    def holding(self, wanted: bytes) -> Iterator[int]:
        """The positions of the rows whose key has the text in it."""
        place = counted = 0
        at = self.text.find(wanted)
        while at >= 0:
            place += self.text.count(END, counted, at)
            yield self.positions[place]
            counted = self.text.find(END, at)
            if counted < 0:
                return
            at = self.text.find(wanted, counted)


class Texts:
    """The joined keys of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._joined: dict[int, dict[str, Joined]] = {}
        self._changed: defaultdict[int, set[str]] = defaultdict(set)

    def knows(self, shelf: int) -> bool:
        """Whether it is worth asking `rows`: not for a short list, nor where others may change it."""
        return not self._database.shared and (shelf in self._joined or self._is_long(shelf))

    def rows(self, shelf: int, column: str, wanted: str) -> list[int] | None:
        """The positions of all rows of a shelf that may have the text in a column, and few others; None when there are
        many."""
        joined = self._joined.get(shelf, {}).get(column) or self._join(shelf, column)
        found = list(joined.cut)
        for position in joined.holding(wanted.encode()):
            found.append(position)
            if len(found) > FEW:
                return None
        return found + self._positions(shelf)

    def change(self, shelf: int, id: str) -> None:
        """A row is new, changed or gone."""
        if shelf in self._joined:
            self._changed[shelf].add(id)
            if len(self._changed[shelf]) > FEW:
                self.forget(shelf)

    def forget(self, shelf: int | None = None) -> None:
        """All that is known of a shelf, or of every one, may be wrong."""
        for number in list(self._joined) if shelf is None else [shelf]:
            self._joined.pop(number, None)
            self._changed.pop(number, None)

    def _is_long(self, shelf: int) -> bool:
        counted = "SELECT 1 FROM documents INDEXED BY document_order WHERE shelf = ? LIMIT ?"
        return self._database.row(f"SELECT count(*) FROM ({counted})", shelf, LONG)[0] == LONG  # type: ignore[no-any-return]  # noqa: S608 - a constant

    def _join(self, shelf: int, column: str) -> Joined:
        of = f"FROM documents INDEXED BY sorted_{column[1:]} WHERE shelf = ? AND {column} >= '1' AND {column} < '2'"
        text, positions = self._database.row(
            f"SELECT group_concat(substr({column}, 2), char(0)), group_concat(position) {of}",
            shelf,
        )
        cut = self._database.rows(f"SELECT position {of} AND length({column}) > {LONGEST + 1}", shelf)
        numbers = array("q", map(int, positions.split(","))) if positions else array("q")
        joined = Joined((text or "").encode(), numbers, tuple(row[0] for row in cut))
        self._joined.setdefault(shelf, {})[column] = joined
        return joined

    def _positions(self, shelf: int) -> list[int]:
        """Where the rows stand that have changed since the keys were joined."""
        ids = json.dumps(sorted(self._changed.get(shelf, ())))
        known = "SELECT position FROM documents WHERE shelf = ? AND id IN (SELECT value FROM json_each(?))"
        return [row[0] for row in self._database.rows(known, shelf, ids)]
