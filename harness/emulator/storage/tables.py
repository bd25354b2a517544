"""The tables. `k0`, `k1`... hold the keys of a document in the order of its resource's layout."""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, inspect
from sqlalchemy.engine import Engine

from harness.emulator.storage.sortkeys import SPREAD

WRITER = 20240831
"""The advisory lock that a writing transaction holds on PostgreSQL: one writer at a time, over all processes."""


def create_tables(engine: Engine, slots: int) -> None:
    """Create what is missing, columns for keys too: a database may be older than the contract."""
    tables = _tables(slots, engine.dialect.name)
    documents = tables.tables["documents"]
    with engine.begin() as connection:
        if engine.dialect.name != "sqlite":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER})")
        tables.create_all(connection)
        present = {column["name"] for column in inspect(connection).get_columns("documents")}
        for name in (f"k{number}" for number in range(slots)):
            if name not in present:
                kind = documents.c[name].type.compile(engine.dialect)
                connection.exec_driver_sql(f"ALTER TABLE documents ADD COLUMN {name} {kind}")
        for index in (*documents.indexes, *tables.tables["records"].indexes):
            index.create(connection, checkfirst=True)


def _tables(slots: int, dialect: str) -> MetaData:
    """SQLite has the position in every index anyhow, and compares texts as bytes anyhow. `newest_N`: rows of one key
    newest first, for filters; `sorted_N`: rows by key, for sorting, and for filters by keys that are spread."""
    plain = dialect == "sqlite"
    metadata = MetaData()

    def only(column: Column[Any]) -> dict[str, Any]:
        # A word of the dialect that is not used would have SQLAlchemy import it, at each start of an emulator.
        return {f"{dialect}_where": column.is_not(None)}

    Table(
        "shelves",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("connection", String(64), nullable=False),
        Column("resource", String(64), nullable=False),
        Column("layout", Text, nullable=False),
        Index("shelf_names", "connection", "resource", unique=True),
    )
    exact = Text(collation=None if plain else "C")
    number = BigInteger().with_variant(Integer, "sqlite")
    documents = Table(
        "documents",
        metadata,
        Column("position", number, primary_key=True, autoincrement=True),
        Column("shelf", Integer, nullable=False),
        Column("id", exact, nullable=False),
        Column("platform_id", Text),
        Column("updated", BigInteger, nullable=False),
        Column("body", Text, nullable=False),
        Column("extra", Text),
        *(Column(f"k{slot}", exact) for slot in range(slots)),
    )
    at = documents.c
    place = [] if plain else [at.position]
    Index("document_ids", at.shelf, at.id, unique=True)
    Index("document_numbers", at.shelf, at.platform_id)
    Index("document_order", at.shelf, at.updated, *place)
    for slot in range(slots):
        key = at[f"k{slot}"]
        if slot >= SPREAD:
            Index(f"newest_{slot}", at.shelf, key, at.updated, *place, **only(key))
        Index(f"sorted_{slot}", at.shelf, key, *place, **only(key))
    records = Table(
        "records",
        metadata,
        Column("position", number, primary_key=True, autoincrement=True),
        Column("kind", String(32), nullable=False),
        Column("id", exact, nullable=False),
        Column("alias", Text),
        Column("body", Text, nullable=False),
        Index("record_ids", "kind", "id", unique=True),
    )
    Index("record_names", records.c.kind, records.c.alias, **only(records.c.alias))
    return metadata
