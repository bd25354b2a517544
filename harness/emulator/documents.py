"""The store: one narrow interface over SQLAlchemy, SQLite now, any database it speaks later.

Documents are also held parsed and serialised in memory, written through: a read costs a dictionary look-up. One
process owns a database; the tables are the truth and are read back at the start.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

from harness.emulator.clock import read_millis

METADATA = MetaData()
DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("connection", String(64), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
RECORDS = Table(
    "records",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("id", String(255), primary_key=True),
    Column("body", Text, nullable=False),
)
"""Everything that is no document: connections, jobs, idempotency keys, configurations, events, seeded marks."""

Document = dict[str, Any]
Seed = Callable[[str], dict[str, list[Document]]]


@dataclass(slots=True)
class Row:
    """A stored document with its text, its position (insertion order) and its `updated_at` in milliseconds."""

    document: Document
    text: str
    brief: bytes
    """The text without `platform_data`, encoded: what most reads give."""
    position: int
    updated: int


@dataclass
class Shelf:
    """The documents of one connection and resource, by id."""

    rows: dict[str, Row] = field(default_factory=dict)
    newest: list[Row] | None = None
    """Cached default order; None after a change."""


class Documents:
    """Documents and records of one emulator. `seed(connection_id)` fills a connection at its first use."""

    def __init__(self, database: str | None, seed: Seed) -> None:
        self._engine = _engine(database)
        METADATA.create_all(self._engine)
        self._connection: Connection = self._engine.connect()
        self._seed = seed
        self._shelves: dict[str, dict[str, Shelf]] = {}
        self._position = 0

    def all(self, connection: str, resource: str) -> list[Row]:
        """Every row in the documented default order: `updated_at` descending, then newest first."""
        shelf = self._shelf(connection, resource)
        if shelf.newest is None:
            shelf.newest = sorted(shelf.rows.values(), key=lambda row: (-row.updated, -row.position))
        return shelf.newest

    def get(self, connection: str, resource: str, id: str) -> Row | None:
        """One row; None when there is none."""
        return self._shelf(connection, resource).rows.get(id)

    def put(self, connection: str, resource: str, document: Document) -> None:
        """Insert or replace."""
        shelf = self._shelf(connection, resource)
        known = shelf.rows.get(document["id"])
        self._position += 1
        position = known.position if known else self._position
        row = _row(document, position)
        shelf.rows[document["id"]] = row
        shelf.newest = None
        if known is None:
            values = {"connection": connection, "resource": resource, "id": document["id"]}
            self._run(insert(DOCUMENTS).values(**values, position=position, body=row.text))
        else:
            self._run(update(DOCUMENTS).where(*_place(connection, resource, document["id"])).values(body=row.text))

    def put_many(self, connection: str, resource: str, documents: Iterable[Document]) -> None:
        """Insert or replace several."""
        for document in documents:
            self.put(connection, resource, document)

    def remove(self, connection: str, resource: str, id: str) -> None:
        """Delete one row; nothing happens when it is not there."""
        shelf = self._shelf(connection, resource)
        if shelf.rows.pop(id, None) is not None:
            shelf.newest = None
            self._run(delete(DOCUMENTS).where(*_place(connection, resource, id)))

    def keep(self, kind: str, id: str, body: Any) -> None:
        """Insert or replace a record."""
        self._connection.execute(delete(RECORDS).where(RECORDS.c.kind == kind, RECORDS.c.id == id))
        self._run(insert(RECORDS).values(kind=kind, id=id, body=json.dumps(body, ensure_ascii=False)))

    def recall(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Every record of a kind with its id, in the order they were kept."""
        for row in self._connection.execute(select(RECORDS.c.id, RECORDS.c.body).where(RECORDS.c.kind == kind)):
            yield row.id, json.loads(row.body)

    def forget(self, kind: str, id: str) -> bool:
        """Delete a record; False when there was none, so that of several takers only one succeeds."""
        gone = self._connection.execute(delete(RECORDS).where(RECORDS.c.kind == kind, RECORDS.c.id == id))
        self._connection.commit()
        return gone.rowcount > 0

    def forget_connection(self, connection: str) -> None:
        """Delete all documents of a connection."""
        self._shelves.pop(connection, None)
        self._run(delete(DOCUMENTS).where(DOCUMENTS.c.connection == connection))

    def close(self) -> None:
        """Close the database."""
        self._connection.close()
        self._engine.dispose()

    def _run(self, statement: Any) -> None:
        self._connection.execute(statement)
        self._connection.commit()

    def _shelf(self, connection: str, resource: str) -> Shelf:
        shelves = self._shelves.get(connection)
        if shelves is None:
            shelves = self._open(connection)
        if resource not in shelves:
            shelves[resource] = Shelf()
        return shelves[resource]

    def _open(self, connection: str) -> dict[str, Shelf]:
        """Read a connection back, or seed it when it was never used."""
        shelves: dict[str, Shelf] = {}
        self._shelves[connection] = shelves
        marks = select(RECORDS.c.id).where(RECORDS.c.kind == "seeded", RECORDS.c.id == connection)
        if self._connection.execute(marks).first() is None:
            self._fill(connection, shelves)
            return shelves
        found = select(DOCUMENTS.c.resource, DOCUMENTS.c.body, DOCUMENTS.c.position)
        for row in self._connection.execute(found.where(DOCUMENTS.c.connection == connection)):
            shelf = shelves.setdefault(row.resource, Shelf())
            document = json.loads(row.body)
            shelf.rows[document["id"]] = _row(document, row.position)
            self._position = max(self._position, row.position)
        return shelves

    def _fill(self, connection: str, shelves: dict[str, Shelf]) -> None:
        values = []
        for resource, documents in self._seed(connection).items():
            shelf = shelves.setdefault(resource, Shelf())
            for document in documents:
                self._position += 1
                row = _row(document, self._position)
                shelf.rows[document["id"]] = row
                values.append({"connection": connection, "resource": resource, "id": document["id"],
                               "position": self._position, "body": row.text})  # fmt: skip
        if values:
            self._connection.execute(insert(DOCUMENTS), values)
        self.keep("seeded", connection, True)


def _row(document: Document, position: int) -> Row:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    shown = {name: value for name, value in document.items() if name != "platform_data"}
    brief = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
    moment = document.get("updated_at") or document.get("last_synced_at")
    return Row(document, text, brief, position, (read_millis(moment) or 0) if isinstance(moment, str) else 0)


def _place(connection: str, resource: str, id: str) -> tuple[Any, ...]:
    return (DOCUMENTS.c.connection == connection, DOCUMENTS.c.resource == resource, DOCUMENTS.c.id == id)


def _engine(database: str | None) -> Engine:
    if database is None:
        return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    engine = create_engine(f"sqlite:///{database}", connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine
