"""Writes to the API that are kept before they are sent: whatever happens, an object is made once.

The idempotency key is in the database before the request leaves. No answer: the same key is sent again. A 5xx is
stored under its key for ever (trap 4), and the object may exist: it is looked for, and only when it is nowhere a new
key is taken. `async_response` is followed by webhook and by poll (traps 1, 2).
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from harness.backend.database import Database
from harness.backend.meaning import WRITE
from harness.backend.schema import WRITES
from harness.backend.wishes import add_counted
from harness.core import Clock

WAITING, SENT, JOB, UNSURE, DONE, FAILED = "waiting", "sent", "job", "unsure", "done", "failed"
ENDED = frozenset({DONE, FAILED})
LONGEST_REFERENCE = 56


@dataclass(frozen=True, slots=True)
class Write:
    """One write. `reference` is the caller's name of it; `key` the idempotency key; `looks` how often it was looked for
    since its last 5xx; `tries` how many keys it has had."""

    reference: str
    connection_id: str
    resource: str
    body: str
    state: str
    key: str
    job_id: str | None
    object_id: str | None
    problem: str | None
    sent_at: float | None
    looks: int
    tries: int

    @property
    def what(self) -> str:
        """The wish that drives it."""
        return f"{WRITE}{self.reference}"


class Writes:
    """The writes of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, connection_id: str, resource: str, reference: str, body: Any) -> Write:
        """Keep a write with a fresh key and wish for it; one whose reference is known is given as it stands."""
        row = {
            "reference": reference, "connection_id": connection_id, "resource": resource, "body": json.dumps(body),
            "state": WAITING, "key": new_key(), "looks": 0, "tries": 1,
        }  # fmt: skip
        with self._database.begin() as connection:
            kept = self._database.upsert(WRITES).values(**row).on_conflict_do_nothing()
            if connection.execute(kept.returning(WRITES.c.reference)).scalar() is not None:
                add_counted(self._database, connection, {(connection_id, f"{WRITE}{reference}"): 1}, self._now())
        found = self.get(reference)
        assert found is not None
        return found

    def get(self, reference: str) -> Write | None:
        """One write; None when it is not known."""
        with self._database.begin() as connection:
            row = connection.execute(select(*_COLUMNS).where(WRITES.c.reference == reference)).first()
        return None if row is None else Write(**row._mapping)  # noqa: SLF001 - the documented way to a dict of a row

    def note(self, reference: str, **values: Any) -> None:
        """Change what is known of it."""
        with self._database.begin() as connection:
            connection.execute(update(WRITES).where(WRITES.c.reference == reference).values(**values))

    def known(self, connection_id: str, ids: Sequence[str]) -> set[str]:
        """Which of these objects are another write's."""
        wanted = select(WRITES.c.object_id).where(
            WRITES.c.connection_id == connection_id, WRITES.c.object_id.in_(list(ids))
        )
        with self._database.begin() as connection:
            return set(connection.execute(wanted).scalars())

    def _now(self) -> float:
        return self._clock.now().timestamp()


_COLUMNS = (
    WRITES.c.reference, WRITES.c.connection_id, WRITES.c.resource, WRITES.c.body, WRITES.c.state, WRITES.c.key,
    WRITES.c.job_id, WRITES.c.object_id, WRITES.c.problem, WRITES.c.sent_at, WRITES.c.looks, WRITES.c.tries,
)  # fmt: skip


def new_key() -> str:
    """A fresh idempotency key. Source: a UUID is recommended, [D:implementation-guides/making-idempotent-requests]."""
    return str(uuid.uuid4())


def wake_jobs(database: Database, connection: Connection, jobs: Sequence[str], now: float) -> None:
    """Wish for the writes of these jobs at once, inside a transaction of the caller's."""
    wanted = select(WRITES.c.connection_id, WRITES.c.reference).where(WRITES.c.job_id.in_(list(jobs)))
    found = {(row[0], f"{WRITE}{row[1]}"): 1 for row in connection.execute(wanted)}
    add_counted(database, connection, found, now)
