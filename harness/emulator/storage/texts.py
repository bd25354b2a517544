"""Where a text occurs among the keys of a long list: `~` with few matches would walk an index to its end.

All keys of one column are joined to one text, when they are first asked for, and searched at the speed of memory: a
million of them take some milliseconds. Only the owner of a database can do so: others would not hear of changes. A
PostgreSQL has trigrams.
"""

import json
import re
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from harness.emulator.storage.choosing import FEW
from harness.emulator.storage.database import Database
from harness.emulator.storage.sortkeys import LONGEST, Layout

LONG = 2_000
"""Rows from which on a list is worth it."""
TRIGRAM = 3
WILD, ESCAPE = re.compile(r"[\\%_]"), r"\\\g<0>"
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
        at = self.text.find(wanted) if self.positions else -1
        while at >= 0:
            place += self.text.count(END, counted, at)
            yield self.positions[place]
            counted = self.text.find(END, at)
            if counted < 0:
                return
            at = self.text.find(wanted, counted)


def index_texts(database: Database, shelf: int, layout: Layout) -> None:
    """Let PostgreSQL find texts in a list that has grown long, by trigrams, and count it, so that it chooses the right
    index. Where it lacks `pg_trgm`, or the right to use it, `~` with few matches goes on reading the whole list. A key
    that was cut has an index of its own."""
    if not database.shared:
        return
    with database.transaction():
        database.change("ANALYZE documents")
        try:
            with database.attempt():
                database.change("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except database.error:
            return
        for slot in layout.slots:
            column = layout.column(slot)
            if slot.instant or column is None:
                continue
            for name, what, where in (
                ("text", f"USING gin ({column} gin_trgm_ops)", ""),
                ("cut", "(position)", f" AND length({column}) > {LONGEST + 1}"),
            ):
                index = f"CREATE INDEX IF NOT EXISTS {name}_{column}_{shelf} ON documents"
                database.change(f"{index} {what} WHERE shelf = {shelf}{where}")


class Texts:
    """The joined keys of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._joined: dict[int, dict[str, Joined]] = {}
        self._indexed: set[str] = set()
        self._changed: defaultdict[int, set[str]] = defaultdict(set)

    def knows(self, shelf: int, column: str) -> bool:
        """Whether it is worth asking `rows`: not for a short list, nor one of a PostgreSQL that has no trigrams of
        it."""
        if not self._database.shared:
            return shelf in self._joined or self._is_long(shelf)
        name = f"text_{column}_{shelf}"
        if name not in self._indexed and self._database.row("SELECT 1 FROM pg_class WHERE relname = ?", name):
            self._indexed.add(name)
        return name in self._indexed

    def rows(self, shelf: int, column: str, wanted: str) -> list[int] | None:
        """The positions of all rows of a shelf that may have the text in a column, and few others; None when there are
        many."""
        if self._database.shared:
            return self._trigrams(shelf, column, wanted)
        joined = self._joined.get(shelf, {}).get(column) or self._join(shelf, column)
        found = list(joined.cut)
        for position in joined.holding(wanted.encode()):
            found.append(position)
            if len(found) > FEW:
                return None
        return found + self._positions(shelf)

    def _trigrams(self, shelf: int, column: str, wanted: str) -> list[int] | None:
        """A text of less than three characters has none: a walk is as good."""
        if len(wanted) < TRIGRAM:
            return None
        pattern = f"%{WILD.sub(ESCAPE, wanted)}%"
        like = f"SELECT position FROM documents WHERE shelf = ? AND {column} LIKE ? LIMIT ?"  # noqa: S608 - our own names
        cut = f"SELECT position FROM documents WHERE shelf = ? AND length({column}) > {LONGEST + 1}"  # noqa: S608 - the same
        rows = self._database.rows
        found = [row[0] for row in (*rows(like, shelf, pattern, FEW + 1), *rows(cut, shelf))]
        return found if len(found) <= FEW else None

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
