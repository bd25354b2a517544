"""The store of one emulator: documents and records, whose truth is a database (SQLite, or PostgreSQL by URL).

How to use it. Read with `get`, `find`, `page` (a `Query` of conditions, order and place; keyset, so every page costs
the same), `all` and `iterate` (every row: for computation). Write with `put` and `remove`. What is no document is a
record of some kind: `keep`, `record`, `recall`, `forget`. Whatever belongs together goes into one
`with store.transaction():`, which commits as a whole or not at all and is the only writer meanwhile, over all
processes: read, decide and write inside it. `answered()` is awaited before an answer leaves, so that it never tells of
what is not yet committed. Nothing that matters is kept elsewhere; rows are kept in memory only while this process owns
the database (`shared` is False).
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from harness.contract import Contract
from harness.emulator.storage.database import Database
from harness.emulator.storage.layout import layout_of
from harness.emulator.storage.pages import Condition, Order, Place, Query, next_place, read_page
from harness.emulator.storage.records import Kind, Records
from harness.emulator.storage.rows import COLUMNS, Document, Row, texts_of, updated_of
from harness.emulator.storage.shelves import Shelf, Shelves
from harness.emulator.storage.sortkeys import storable
from harness.emulator.storage.tables import create_tables
from harness.emulator.storage.texts import Texts, index_texts

__all__ = ["Condition", "Document", "Documents", "Order", "Place", "Query", "Row", "next_place"]

Seed = Callable[[str], Mapping[str, list[Document]]]
ROWS_KEPT = 20_000
TEXT_KEPT = 16 * 1024 * 1024
"""Bytes of answers that are kept."""
BATCH = 500


class Documents:
    """Documents and records of one emulator. `seed(connection_id)` fills a connection at its first use."""

    def __init__(self, database: str | None, contract: Contract, seed: Seed) -> None:
        layouts = {name: layout_of(contract, name) for name in contract.resources}
        self._database = Database(database)
        self._database.open(lambda engine: create_tables(engine, max(len(item.slots) for item in layouts.values())))
        self._shelves = Shelves(self._database, layouts)
        self._keys = Texts(self._database)
        self._records = Records(self._database)
        self._seed = seed
        self._opened: set[str] = set()
        self._rows: dict[tuple[int, str], Row] = {}
        self._newest: dict[int, list[Row]] = {}
        self._pages: dict[int, dict[Query, list[Row]]] = {}
        self._paged = 0
        self._answers: dict[int, dict[Hashable, bytes]] = {}
        self._answered_bytes = 0
        self._database.on_undo(self._forget_all)

    @property
    def shared(self) -> bool:
        """Whether other processes may use the same database."""
        return self._database.shared

    @property
    def durable(self) -> bool:
        """Whether the database outlives this process."""
        return self._database.durable

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, one writer at a time over all processes. Inside another one it is part of that one."""
        return self._database.transaction()

    def attempt(self) -> AbstractContextManager[None]:
        """Inside a transaction: what an error ends leaves nothing behind, and the transaction may go on."""
        return self._database.attempt()

    async def answered(self) -> None:
        """Return once everything that was written so far is committed. Raises what a failed commit raises."""
        if self._database.unsettled:
            await self._database.settled()

    def get(self, connection: str, resource: str, id: str) -> Row | None:
        """One row; None when there is none."""
        shelf = self._shelf(connection, resource)
        kept = self._rows.get((shelf.id, id))
        if kept is not None:
            return kept
        found = self._database.row(
            f"SELECT {COLUMNS} FROM documents WHERE shelf = ? AND id = ?", shelf.id, storable(id)  # noqa: S608 - constant names
        )  # fmt: skip
        return self._keep_row(shelf, Row(*found)) if found else None

    def find(self, connection: str, resource: str, platform_id: str) -> Row | None:
        """The oldest row with this `platform_id`; None when there is none."""
        found = self._database.row(
            f"SELECT {COLUMNS} FROM documents WHERE shelf = ? AND platform_id = ? ORDER BY position LIMIT 1",  # noqa: S608 - constant names
            *(self._shelf(connection, resource).id, storable(platform_id)),
        )
        return Row(*found) if found else None

    def page(self, connection: str, resource: str, query: Query) -> list[Row]:
        """The rows of a page, in order. `next_place(row, query.order)` is where the page behind a row starts."""
        shelf = self._shelf(connection, resource)
        if self.shared:
            return read_page(self._database, self._keys, shelf.id, shelf.layout, query)
        kept = self._pages.setdefault(shelf.id, {})
        found = kept.get(query)
        if found is None:
            found = read_page(self._database, self._keys, shelf.id, shelf.layout, query)
            self._paged += len(found)
            if self._paged > ROWS_KEPT:
                self._pages, self._paged = {}, 0
            else:
                kept[query] = found
        return found

    def once(self, connection: str, resource: str, asked: Hashable, make: Callable[[], bytes]) -> bytes:
        """What `make` gives, which follows from `asked` and the rows of one list alone: it is asked again once one of
        them has changed."""
        if self.shared:
            return make()
        shelf = self._shelf(connection, resource)
        found = self._answers.get(shelf.id, {}).get(asked)
        if found is None:
            found = make()
            self._answered_bytes += len(found)
            if self._answered_bytes > TEXT_KEPT:
                self._answers, self._answered_bytes = {}, len(found)
            self._answers.setdefault(shelf.id, {})[asked] = found
        return found

    def all(self, connection: str, resource: str) -> list[Row]:
        """Every row in the documented default order: `updated_at` descending, then newest first. For short lists."""
        shelf = self._shelf(connection, resource)
        kept = self._newest.get(shelf.id)
        if kept is not None:
            return kept
        found = [Row(*row) for row in self._database.rows(
            f"SELECT {COLUMNS} FROM documents WHERE shelf = ? ORDER BY updated DESC, position DESC", shelf.id)]  # noqa: S608 - constant names  # fmt: skip
        if not self.shared and len(found) <= BATCH:
            self._newest[shelf.id] = found
        return found

    def iterate(self, connection: str, resource: str) -> Iterator[Row]:
        """Every row in the order of insertion, read in batches: for computation over lists of any length."""
        shelf, place = self._shelf(connection, resource), 0
        while True:
            found = self._database.rows(
                f"SELECT {COLUMNS} FROM documents WHERE shelf = ? AND position > ? ORDER BY position LIMIT ?",  # noqa: S608 - constant names
                *(shelf.id, place, BATCH),
            )
            yield from (Row(*row) for row in found)
            if len(found) < BATCH:
                return
            place = found[-1][0]

    def count(self, connection: str, resource: str) -> int:
        """How many rows there are."""
        shelf = self._shelf(connection, resource)
        return int(self._database.row("SELECT count(*) FROM documents WHERE shelf = ?", shelf.id)[0])

    def put(self, connection: str, resource: str, document: Document) -> None:
        """Insert or replace."""
        with self.transaction():
            shelf = self._shelf(connection, resource)
            self._database.write(shelf.put, *_values(shelf, document))
            self._evict(shelf, document["id"])

    def put_many(self, connection: str, resource: str, documents: Iterable[Document]) -> None:
        """Insert or replace several."""
        with self.transaction():
            for document in documents:
                self.put(connection, resource, document)

    def remove(self, connection: str, resource: str, id: str) -> None:
        """Delete one row; nothing happens when it is not there."""
        with self.transaction():
            shelf = self._shelf(connection, resource)
            self._database.write("DELETE FROM documents WHERE shelf = ? AND id = ?", shelf.id, storable(id))
            self._evict(shelf, id)

    def fill(self, connection: str, resource: str, documents: Iterable[Document]) -> None:
        """Insert many new documents."""
        with self.transaction():
            shelf = self._shelves.get(connection, resource)
            self._database.load("documents", shelf.columns, (_values(shelf, document) for document in documents))
            self._grown(shelf)

    def load(self, connection: str, resource: str, rows: Iterable[tuple[Document, str, str | None]]) -> None:
        """Insert many new documents whose JSON is at hand: (fields that are kept as keys, body, extra) of each."""
        with self.transaction():
            shelf = self._shelf(connection, resource)
            self._database.load("documents", shelf.columns, (_row_values(shelf, *row) for row in rows))
            self._grown(shelf)

    def lengthened(self, connection: str, resource: str) -> None:
        """A list has become long by `load`: prepare it for `~`."""
        shelf = self._shelf(connection, resource)
        index_texts(self._database, shelf.id, shelf.layout)

    def keep(self, kind: str, id: str, body: Any, alias: str | None = None) -> None:
        """Insert or replace a record. `alias` is another name that finds it."""
        with self.transaction():
            self._records.keep(kind, storable(id), body, None if alias is None else storable(alias))

    def keep_many(self, kind: str, records: Iterable[tuple[str, Any]]) -> None:
        """Insert or replace several records, by id."""
        with self.transaction():
            for id, body in records:
                self._records.keep(kind, storable(id), body)

    def forget_many(self, kind: str, ids: Iterable[str]) -> None:
        """Delete several records."""
        with self.transaction():
            for id in ids:
                self._records.forget(kind, storable(id))

    def record(self, kind: str, id: str) -> Any:
        """One record, to be changed by `keep` only; None when there is none."""
        return self._records.get(kind, storable(id))

    def named(self, kind: str, alias: str) -> Any:
        """The record with this alias; None when there is none."""
        return self._records.named(kind, storable(alias))

    def kind(self, kind: str) -> Mapping[str, Any]:
        """A live view on all records of a kind, by id, in the order they were first kept."""
        return Kind(self._records, kind)

    def recall(self, kind: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Every record of a kind with its id, in the order they were first kept; those whose id has the prefix."""
        return self._records.all(kind, storable(prefix))

    def first(self, kind: str) -> tuple[str, Any] | None:
        """The record of a kind with the smallest id, and that id; None when there is none."""
        return self._records.first(kind)

    def raise_counter(self, id: str, least: int) -> int:
        """Raise a counter by one, or to `least` when that is more; its new value. No two callers get the same."""
        with self.transaction():
            return self._records.raise_counter(id, least)

    def forget(self, kind: str, id: str) -> bool:
        """Delete a record; whether it was there."""
        with self.transaction():
            return self._records.forget(kind, storable(id))

    def forget_connection(self, connection: str) -> None:
        """Delete all documents of a connection."""
        with self.transaction():
            for shelf in self._shelves.of(connection):
                self._database.write("DELETE FROM documents WHERE shelf = ?", shelf)
        self._forget_all()

    def close(self) -> None:
        """Commit and close the database."""
        self._database.close()

    def _shelf(self, connection: str, resource: str) -> Shelf:
        if connection not in self._opened:
            self._open(connection)
        return self._shelves.get(connection, resource)

    def _open(self, connection: str) -> None:
        """Seed a connection that was never used, by whichever process comes first."""
        if self.record("seeded", connection) is None:
            with self.transaction():
                if self.record("seeded", connection) is None:
                    self.keep("seeded", connection, True)
                    for resource, documents in self._seed(connection).items():
                        self.fill(connection, resource, documents)
        self._opened.add(connection)

    def _keep_row(self, shelf: Shelf, row: Row) -> Row:
        if not self.shared:
            if len(self._rows) >= ROWS_KEPT:
                self._rows.clear()
            self._rows[shelf.id, row.id] = row
        return row

    def _evict(self, shelf: Shelf, id: str) -> None:
        self._rows.pop((shelf.id, id), None)
        self._keys.change(shelf.id, id)
        self._change(shelf)

    def _grown(self, shelf: Shelf) -> None:
        self._keys.forget(shelf.id)
        self._change(shelf)

    def _change(self, shelf: Shelf) -> None:
        self._newest.pop(shelf.id, None)
        self._pages.pop(shelf.id, None)
        self._answers.pop(shelf.id, None)

    def _forget_all(self) -> None:
        self._rows.clear()
        self._pages.clear()
        self._answers.clear()
        self._keys.forget()
        self._newest.clear()
        self._opened.clear()


def _values(shelf: Shelf, document: Document) -> tuple[Any, ...]:
    return _row_values(shelf, document, *texts_of(document))


def _row_values(shelf: Shelf, document: Document, body: str, extra: str | None) -> tuple[Any, ...]:
    platform_id = document.get("platform_id")
    number = storable(platform_id) if isinstance(platform_id, str) else None
    return (shelf.id, document["id"], number, updated_of(document), body, extra, *shelf.layout.keys(document))
