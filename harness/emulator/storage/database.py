"""One database, SQLite or PostgreSQL, one connection, and transactions that are committed in groups.

SQLAlchemy opens it and makes the tables. Statements are texts that both databases understand, with `?` for values:
they run on the driver's own connection, which costs a tenth of a statement of SQLAlchemy.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from harness.emulator.storage.tables import WRITER
from harness.errors import UsageError


class Database:
    """A connection. `shared`: other processes may write to it, so nothing read from it may be kept."""

    def __init__(self, database: str | None) -> None:
        self._engine = _engine(database)
        self.shared = self._engine.dialect.name != "sqlite"
        self.durable = database is not None
        """Whether it outlives this process."""
        self._open_group = False
        self._depth = 0
        self.committed: asyncio.Future[None] | None = None
        """Done when the open group is committed; None when none is open. An answer must wait for it."""
        self._wrote = False
        self._on_undo: list[Callable[[], None]] = []

    def open(self, create: Any) -> None:
        """Make the tables by `create(engine)` and connect. UsageError when the database cannot be used."""
        try:
            create(self._engine)
            self._pooled = self._engine.raw_connection()
        except SQLAlchemyError as error:
            found = str(error).splitlines()[0]
            advice = ": another emulator owns the file; several share a PostgreSQL" if "is locked" in found else ""
            raise UsageError(f"the database cannot be used: {found}{advice}") from error
        driver: Any = self._pooled.driver_connection
        if self.shared:
            driver.autocommit = True
            driver.execute("SET plan_cache_mode = force_custom_plan")  # values decide which index is right
        else:
            driver.isolation_level = None
        self._cursor = driver.cursor()

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a query."""
        found: list[Any] = self._execute(statement, values).fetchall()
        return found

    def row(self, statement: str, *values: Any) -> Any:
        """The first row of a query; None when there is none."""
        found = self._execute(statement, values).fetchall()
        return found[0] if found else None

    def write(self, statement: str, *values: Any) -> Any:
        """Change rows: the first row that the statement returns, or how many it touched when it returns none."""
        self._wrote = True
        cursor = self._execute(statement, values)
        return cursor.rowcount if cursor.description is None else cursor.fetchall()[0]

    def write_many(self, statement: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Run a statement once for each tuple."""
        self._wrote = True
        self._cursor.executemany(_marked(statement) if self.shared else statement, values)

    def _execute(self, statement: str, values: tuple[Any, ...]) -> Any:
        if self.shared:
            return self._cursor.execute(_marked(statement), values, prepare=True)
        return self._cursor.execute(statement, values)

    def load(self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert many new rows in the quickest way that the database has."""
        names = ", ".join(columns)
        if not self.shared:
            self.write_many(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' for _ in columns)})", rows)  # noqa: S608 - our own names
            return
        self._wrote = True
        with self._cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def on_undo(self, forget: Callable[[], None]) -> None:
        """Have `forget` called when something that was written is undone: what was kept of it is wrong then."""
        self._on_undo.append(forget)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one writer at a time. Inside another one it is part of that one."""
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        grouped = self._begin()
        self._depth, self._wrote = 1, False
        try:
            yield
        except BaseException:
            self._depth = 0
            for statement in ("ROLLBACK TO one", "RELEASE one") if grouped else ("ROLLBACK",):
                self._execute(statement, ())
            if self._wrote:
                self._undone()
            raise
        self._depth = 0
        self._execute("RELEASE one" if grouped else "COMMIT", ())

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of a transaction: an error in it undoes that part alone."""
        self._execute("SAVEPOINT part", ())
        try:
            yield
        except BaseException:
            self._execute("ROLLBACK TO part", ())
            self._execute("RELEASE part", ())
            if self._wrote:
                self._undone()
            raise
        self._execute("RELEASE part", ())

    def _begin(self) -> bool:
        """Open a transaction; whether it is one of a group, which the event loop commits after its present turn."""
        loop = _loop() if self.durable else None
        if not self._open_group:
            self._execute("BEGIN", ())
            if self.shared:
                self._execute("SELECT pg_advisory_xact_lock(?)", (WRITER,))
        if loop is None:
            return False
        if not self._open_group:
            self._open_group = True
            self.committed = loop.create_future()
            loop.call_soon(self._commit)
        self._execute("SAVEPOINT one", ())
        return True

    def _commit(self) -> None:
        """Commit the group; who waits for it hears when that failed."""
        waiting, self.committed, self._open_group = self.committed, None, False
        try:
            self._execute("COMMIT", ())
        except self._engine.dialect.loaded_dbapi.Error as error:
            self._undone()
            if waiting is not None:
                waiting.set_exception(error)
            return
        if waiting is not None:
            waiting.set_result(None)

    async def settled(self) -> None:
        """Wait for the open group."""
        if self.committed is not None:
            await asyncio.shield(self.committed)

    def _undone(self) -> None:
        for forget in self._on_undo:
            forget()

    def close(self) -> None:
        """Commit what is open and close."""
        if self._open_group:
            self._commit()
        self._cursor.close()
        self._pooled.close()
        self._engine.dispose()


@cache
def _marked(statement: str) -> str:
    return statement.replace("?", "%s")


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _engine(database: str | None) -> Engine:
    if database is None:
        return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    try:
        url = make_url(database if "://" in database else f"sqlite:///{database}")
        sqlite = url.get_backend_name() == "sqlite"
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        engine = create_engine(url, poolclass=StaticPool, connect_args={"timeout": 1} if sqlite else {})
    except (ArgumentError, ModuleNotFoundError) as error:
        advice = ". Install it with pip install 'golive[postgresql]'" if "psycopg" in str(error) else ""
        raise UsageError(f"the database cannot be used: {error}{advice}") from error
    if sqlite:
        event.listen(engine, "connect", _owned)
    return engine


def _owned(connection: Any, _record: Any) -> None:
    """One process owns a file, and what it answered survives a power cut."""
    for pragma in (
        "locking_mode=EXCLUSIVE",
        "journal_mode=WAL",
        "synchronous=FULL",
        "cache_size=-65536",
    ):
        connection.execute(f"PRAGMA {pragma}")
