"""One database, SQLite or PostgreSQL, one connection, and transactions that are committed in groups.

SQLAlchemy opens it and makes the tables. Statements are texts that both databases understand, with `?` for values:
they run on the driver's own connection, which costs a tenth of a statement of SQLAlchemy.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from harness.emulator.storage.pending import Pending
from harness.emulator.storage.tables import WRITER
from harness.errors import UsageError

PRAGMAS = (
    "locking_mode=EXCLUSIVE",
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-65536",
    "wal_autocheckpoint=4000",
)
"""SQLite: one process owns a file, and what it answered survives a power cut. Pages that many commits change are
copied out of the log once for all of them."""


class Database:
    """A connection. `shared`: other processes may write to it, so nothing read from it may be kept.

    What is written waits in `Pending` until something is read or the transaction ends: most transactions need no
    savepoint then, which costs SQLite more than the writes themselves.
    """

    def __init__(self, database: str | None) -> None:
        self._engine = _engine(database)
        self.shared = self._engine.dialect.name != "sqlite"
        self.durable = database is not None
        """Whether it outlives this process."""
        self.error: Any = self._engine.dialect.loaded_dbapi.Error
        """What every failed statement raises."""
        self._driver: Any = None
        self._open_group = False
        self._depth = 0
        self._grouped = False
        self._broken: BaseException | None = None
        self._waiting: list[asyncio.Future[None]] | None = None
        """Answers that leave when the open group is committed; None when none is open."""
        self._pending = Pending(self._execute)
        self._whole, self._part = _Transaction(self), _Attempt(self._pending, self._undone)
        self._on_undo: list[Callable[[], None]] = []
        self._before_commit: list[Callable[[], None]] = []

    def open(self, create: Any) -> None:
        """Make the tables by `create(engine)` and connect. UsageError when the database cannot be used."""
        try:
            create(self._engine)
            self._pooled = self._engine.raw_connection()
        except SQLAlchemyError as error:
            found = str(error).splitlines()[0]
            advice = ": another emulator owns the file; several share a PostgreSQL" if "is locked" in found else ""
            raise UsageError(f"the database cannot be used: {found}{advice}") from error
        self._use()

    def _use(self) -> None:
        driver: Any = (
            self._pooled.driver_connection
        )  # sqlite3's or psycopg's, each with its own way to leave transactions to us
        if self.shared:
            driver.autocommit = True
            driver.execute("SET plan_cache_mode = force_custom_plan")  # values decide which index is right
        else:
            driver.isolation_level = None
        self._driver, self._cursor = driver, driver.cursor()

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a query."""
        if self._pending.writes:
            self._pending.send()
        execute = self._execute if self._open_group or self._depth else self._first
        found: list[Any] = execute(statement, values).fetchall()
        return found

    def row(self, statement: str, *values: Any) -> Any:
        """The first row of a query; None when there is none."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    def write(self, statement: str, *values: Any) -> None:
        """Change rows, inside a transaction: before anything is read, at the latest when it ends."""
        self._pending.writes.append((statement, values))

    def change(self, statement: str, *values: Any) -> Any:
        """Change rows now: the first row that the statement returns, or how many it touched when it returns none."""
        self._pending.send()
        cursor = self._execute(statement, values)
        return cursor.rowcount if cursor.description is None else cursor.fetchall()[0]

    def write_many(self, statement: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Run a statement once for each tuple, now."""
        self._pending.send()
        self._cursor.executemany(_marked(statement) if self.shared else statement, values)

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        if self.shared:
            return self._cursor.execute(_marked(statement), values, prepare=True)
        return self._cursor.execute(statement, values)

    def _first(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        """A statement with which nothing is lost: when the server is gone, once more over a new connection."""
        try:
            return self._execute(statement, values)
        except self.error:
            if not self.shared or not self._driver.closed:
                raise
        self._pooled.invalidate()
        try:
            self._pooled = self._engine.raw_connection()
        except SQLAlchemyError as error:
            raise self.error(str(error).splitlines()[0]) from error
        self._use()
        return self._execute(statement, values)

    def load(self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert many new rows in the quickest way that the database has."""
        names = ", ".join(columns)
        if not self.shared:
            self.write_many(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' for _ in columns)})", rows)  # noqa: S608 - our own names
            return
        self._pending.send()
        with self._cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def on_undo(self, forget: Callable[[], None]) -> None:
        """Have `forget` called when something that was written is undone: what was kept of it is wrong then."""
        self._on_undo.append(forget)

    def before_commit(self, write: Callable[[], None]) -> None:
        """Have `write` called before each commit, to write what is kept in memory meanwhile."""
        self._before_commit.append(write)

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, one writer at a time. Inside another one it is part of that one."""
        return self._whole

    def attempt(self) -> AbstractContextManager[None]:
        """A part of a transaction: an error in it undoes that part alone."""
        return self._part

    def begin(self) -> None:
        """Enter a transaction."""
        if not self._depth:
            self._grouped = self._begin()
            self._pending.enter(whole=not self._grouped)
        self._depth += 1

    def end(self, *, failed: bool) -> None:
        """Leave a transaction: what it wrote is sent, and committed or left to its group; or it is undone."""
        self._depth -= 1
        if self._depth:
            return
        if failed:
            self._undo()
            return
        try:
            if not self._grouped:
                self._write_kept()
            self._pending.leave()
        except BaseException as error:
            self._undo_group(error)
            raise
        if not self._grouped:
            self._execute("COMMIT")

    def _undo(self) -> None:
        if self._grouped:
            wrote = self._pending.undo()
        else:
            wrote = True
            self._pending.clear()
            self._execute("ROLLBACK")
        if wrote:
            self._undone()

    def _undo_group(self, error: BaseException) -> None:
        """A write failed that had no savepoint: nothing of its group may be committed."""
        self._pending.clear()
        if self._grouped:
            self._broken = error
        else:
            self._execute("ROLLBACK")
        self._undone()

    def _begin(self) -> bool:
        """Open a transaction; whether it is one of a group, which the event loop commits after its present turn."""
        loop = _loop() if self.durable else None
        if not self._open_group:
            self._first("BEGIN")
            if self.shared:
                self._execute("SELECT pg_advisory_xact_lock(?)", (WRITER,))
        if loop is None:
            return False
        if not self._open_group:
            self._open_group = True
            self._waiting = []
            loop.call_soon(self._commit)
        return True

    def _write_kept(self) -> None:
        for write in self._before_commit:
            write()

    def _commit(self) -> None:
        """Commit the group; who waits for it hears when that failed."""
        waiting, self._waiting, self._open_group = self._waiting or [], None, False
        broken, self._broken = self._broken, None
        try:
            if broken is None:
                self._write_kept()
                self._pending.send()
            self._execute("COMMIT" if broken is None else "ROLLBACK")
        except self.error as error:
            broken = error
            self._pending.clear()
            if not self.shared and self._driver.in_transaction:
                self._execute("ROLLBACK")
            self._undone()
        for waiter in waiting:
            if waiter.done():
                continue
            if broken is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(broken)

    @property
    def unsettled(self) -> bool:
        """Whether a group is open."""
        return self._open_group

    async def settled(self) -> None:
        """Wait for the open group. Who stops waiting does not stop the others."""
        if self._waiting is not None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

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


class _Transaction(AbstractContextManager[None]):
    """`with` around a transaction. A class, because a generator costs several times as much."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.begin()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._database.end(failed=kind is not None)


class _Attempt(AbstractContextManager[None]):
    """`with` around a part of a transaction."""

    def __init__(self, pending: Pending, undone: Callable[[], None]) -> None:
        self._pending, self._undone = pending, undone

    def __enter__(self) -> None:
        self._pending.enter()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._pending.leave()
        elif self._pending.undo():
            self._undone()


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
    """What every connection to a file is given."""
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
