"""The connection to the database: SQLite by file or in memory, PostgreSQL by URL, the same statements on both."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from harness.backend.schema import METADATA
from harness.errors import StorageError, UsageError

BUSY_SECONDS = 30


class Database:
    """Opens transactions. StorageError, with one message and no statement, for whatever the database refuses."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise UsageError(
                f'"{url.partition("@")[0]}" is no database URL. Example: sqlite:///backend.sqlite3'
            ) from None
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database in {None, "", ":memory:"}:
            raise UsageError("the backend keeps what it acknowledged: give a file, such as sqlite:///backend.sqlite3")
        self._engine = _engine(url, self.is_sqlite)
        self._swift = _engine(url, self.is_sqlite, synchronous="NORMAL") if self.is_sqlite else self._engine
        # SQLite has one writer, and makes others sleep in growing steps: threads of a process wait here instead.
        self._turn: AbstractContextManager[object] = RLock() if self.is_sqlite else nullcontext()
        with self._told():
            METADATA.create_all(self._engine)

    @contextmanager
    def begin(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction: committed at the end, rolled back when an exception leaves it.

        One that is not `durable` may be lost when the power fails, never when a process is killed, and only with all
        that came after it and was not durable either: for what can be read from the API again.
        """
        with self._told(), self._turn, (self._engine if durable else self._swift).begin() as connection:
            if not durable and not self.is_sqlite:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
            yield connection

    def upsert(self, table: Any) -> Any:
        """An INSERT that knows ON CONFLICT, in the words of this database."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        self._swift.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            # The statement and its parameters stay out of the message: they hold customers' data.
            told = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
            raise StorageError(f"the backend's database refused: {told}") from None


def _engine(url: str, is_sqlite: bool, *, synchronous: str = "FULL") -> Engine:
    if not is_sqlite:
        return create_engine(url, pool_size=4, max_overflow=4, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        # FULL: a commit is on the disk before the answer leaves. NORMAL: with the next one that is FULL.
        connection.execute(f"PRAGMA synchronous={synchronous}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The lock is taken at once: two writers then wait for each other instead of failing in the middle.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
