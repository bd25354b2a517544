"""The inbox: events as they came, worked off once, kept when they cannot be.

An event and its effect commit in one transaction, under a lease that another worker takes over when this one dies.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, delete, func, select, update
from sqlalchemy.engine import Connection

from harness.backend.database import Database
from harness.backend.meaning import FAMILY_CONNECTION, Effect, Event
from harness.backend.schema import INBOX, MIRROR, TOMBSTONES
from harness.backend.wishes import add_counted
from harness.backend.writes import wake_jobs
from harness.core import Clock

NEW, DONE, DEAD = "new", "done", "dead"


@dataclass(frozen=True, slots=True)
class Depth:
    """How the inbox stands: events that wait, the age of the oldest of them in seconds, dead letters, repeats."""

    waiting: int
    oldest: float
    dead: int
    done: int
    repeats: int


class Inbox:
    """Events of one database. Times are Unix seconds of the injected clock."""

    def __init__(
        self, database: Database, clock: Clock, *, window: float, lease: float, attempts: int, retry: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._window = window
        self._lease = lease
        self._attempts = attempts
        self._retry = retry

    def keep(self, events: Sequence[Event]) -> None:
        """Store events durably, each once. One whose bytes are known counts as a repeat; after the window it is new.
        What is told of a connection holds no time: it is new as soon as the one before it was worked off."""
        now = self._now()
        rows = [
            {"digest": item.digest, "code": item.code, "kind": item.kind, "connection_id": item.connection_id,
             "body": item.body, "received_at": now, "seen": 1, "state": NEW, "attempts": 0, "due_at": now,
             "lease_until": 0.0, "worker": None, "error": None}
            for item in events
        ]  # fmt: skip
        untimed = INBOX.c.kind == FAMILY_CONNECTION
        again = (INBOX.c.state == DONE) & (untimed | (INBOX.c.received_at < now - self._window))
        statement = self._database.upsert(INBOX)
        statement = statement.on_conflict_do_update(
            index_elements=[INBOX.c.digest],
            set_={
                "seen": INBOX.c.seen + 1,
                "state": case((again, NEW), else_=INBOX.c.state),
                "received_at": case((again, now), else_=INBOX.c.received_at),
                "due_at": case((again, now), else_=INBOX.c.due_at),
                "lease_until": case((again, 0.0), else_=INBOX.c.lease_until),
                "attempts": case((again, 0), else_=INBOX.c.attempts),
            },
        )
        with self._database.begin() as connection:
            connection.execute(statement, rows)

    def lease(self, worker: str, most: int) -> list[Event]:
        """Up to `most` events that are due, oldest first, for this worker alone until the lease ends."""
        now = self._now()
        due = (
            select(INBOX.c.digest)
            .where(INBOX.c.state == NEW, INBOX.c.due_at <= now, INBOX.c.lease_until <= now)
            .order_by(INBOX.c.due_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        taken = (
            update(INBOX)
            .where(INBOX.c.digest.in_(due))
            .values(lease_until=now + self._lease, worker=worker)
            .returning(INBOX.c.digest, INBOX.c.code, INBOX.c.kind, INBOX.c.connection_id, INBOX.c.body)
        )
        with self._database.begin() as connection:
            return [_event(row) for row in connection.execute(taken)]

    def finish(self, worker: str, events: Sequence[Event], effect_of: Callable[[Event], Effect]) -> int:
        """Commit the effects of leased events together with their end; how many were still this worker's. Whatever
        `effect_of` raises leaves all of them as they were."""
        now = self._now()
        with self._database.begin() as connection:
            held = update(INBOX).where(
                INBOX.c.digest.in_([item.digest for item in events]), INBOX.c.worker == worker, INBOX.c.state == NEW,
                INBOX.c.lease_until > now,
            )  # fmt: skip
            ended = set(connection.execute(held.values(state=DONE, error=None).returning(INBOX.c.digest)).scalars())
            effects = [(item.connection_id, effect_of(item)) for item in events if item.digest in ended]
            self._apply(connection, [(id, effect) for id, effect in effects if id is not None], now)
            wake_jobs(self._database, connection, [job for _, effect in effects for job in effect.jobs], now)
        return len(ended)

    def fail(self, worker: str, event: Event, reason: str) -> None:
        """Put an event back with a growing pause; after the last attempt it is a dead letter. `reason` holds no
        data."""
        now = self._now()
        tries = INBOX.c.attempts + 1
        values = {
            "attempts": tries,
            "state": case((tries >= self._attempts, DEAD), else_=NEW),
            "due_at": now + self._retry * (tries * tries),
            "lease_until": 0.0,
            "error": reason[:500],
        }
        with self._database.begin() as connection:
            connection.execute(
                update(INBOX).where(INBOX.c.digest == event.digest, INBOX.c.worker == worker).values(**values)
            )

    def revive(self, digest: str | None = None) -> int:
        """Make a dead letter new again, or all of them; how many."""
        chosen = INBOX.c.state == DEAD if digest is None else (INBOX.c.state == DEAD) & (INBOX.c.digest == digest)
        values = {"state": NEW, "attempts": 0, "due_at": self._now(), "lease_until": 0.0}
        with self._database.begin() as connection:
            return connection.execute(update(INBOX).where(chosen).values(**values)).rowcount

    def forget(self, older_than: float) -> int:
        """Delete what was done `older_than` seconds ago and is outside the window; how many."""
        before = self._now() - max(older_than, self._window)
        with self._database.begin() as connection:
            return connection.execute(delete(INBOX).where(INBOX.c.state == DONE, INBOX.c.received_at < before)).rowcount

    def depth(self) -> Depth:
        """How the inbox stands."""
        counted = select(INBOX.c.state, func.count(), func.min(INBOX.c.received_at), func.sum(INBOX.c.seen - 1))
        with self._database.begin() as connection:
            rows = {row[0]: row for row in connection.execute(counted.group_by(INBOX.c.state))}
        waiting = rows.get(NEW)
        return Depth(
            waiting=waiting[1] if waiting else 0,
            oldest=max(0.0, self._now() - waiting[2]) if waiting else 0.0,
            dead=rows[DEAD][1] if DEAD in rows else 0,
            done=rows[DONE][1] if DONE in rows else 0,
            repeats=sum(int(row[3] or 0) for row in rows.values()),
        )

    def shown(self, connection_id: str | None, state: str | None, most: int = 100) -> list[dict[str, object]]:
        """Events for a person: newest first, without their bodies."""
        wanted = select(INBOX.c.digest, INBOX.c.code, INBOX.c.kind, INBOX.c.connection_id, INBOX.c.state,
                        INBOX.c.attempts, INBOX.c.seen, INBOX.c.error)  # fmt: skip
        if connection_id is not None:
            wanted = wanted.where(INBOX.c.connection_id == connection_id)
        if state is not None:
            wanted = wanted.where(INBOX.c.state == state)
        with self._database.begin() as connection:
            found = connection.execute(wanted.order_by(INBOX.c.received_at.desc()).limit(most))
            return [dict(row._mapping) for row in found]  # noqa: SLF001 - the documented way to a dict of a row

    def _apply(self, connection: Connection, effects: Sequence[tuple[str, Effect]], now: float) -> None:
        """The effects of a batch, each statement once for all of them; in one order, so that workers never deadlock."""
        gone = sorted({(id, *place) for id, effect in effects for place in effect.gone})
        if gone:
            buried = self._database.upsert(TOMBSTONES).on_conflict_do_nothing()
            rows = [dict(zip(("connection_id", "resource", "id"), place, strict=True)) for place in gone]
            connection.execute(buried, [{**row, "deleted_at": now} for row in rows])
            dropped = delete(MIRROR).where(
                MIRROR.c.connection_id == bindparam("connection"),
                MIRROR.c.resource == bindparam("list"),
                MIRROR.c.id == bindparam("object"),
            )
            names = ("connection", "list", "object")
            connection.execute(dropped, [dict(zip(names, place, strict=True)) for place in gone])
        wished = Counter((id, what) for id, effect in effects for what in effect.wishes)
        add_counted(self._database, connection, wished, now)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _event(row: Any) -> Event:
    return Event(digest=row[0], code=row[1], kind=row[2], connection_id=row[3], body=row[4])
