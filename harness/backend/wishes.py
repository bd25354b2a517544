"""The list of what has to be read again. Many events make one wish; one worker at a time fulfils it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.engine import Connection

from harness.backend.database import Database
from harness.backend.schema import WISHES
from harness.core import Clock


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing to read again. `count` tells whether it was wished for anew meanwhile."""

    connection_id: str
    what: str
    count: int


def add_wishes(
    database: Database, connection: Connection, connection_id: str, wishes: Iterable[str], due: float
) -> None:
    """Wish inside a transaction of the caller's."""
    add_counted(database, connection, {(connection_id, what): 1 for what in wishes}, due)


def add_counted(database: Database, connection: Connection, wishes: Mapping[tuple[str, str], int], due: float) -> None:
    """Wish for (connection id, what), each so many times at once, inside a transaction of the caller's."""
    if not wishes:
        return
    rows = [
        {"connection_id": id, "what": what, "wanted_at": due, "count": count, "due_at": due, "lease_until": 0.0,
         "worker": None}
        for (id, what), count in sorted(wishes.items())
    ]  # fmt: skip
    wish = database.upsert(WISHES)
    earlier = case((WISHES.c.due_at > due, due), else_=WISHES.c.due_at)
    count = WISHES.c.count + wish.excluded.count
    wish = wish.on_conflict_do_update(
        index_elements=[WISHES.c.connection_id, WISHES.c.what],
        set_={"count": count, "wanted_at": due, "due_at": earlier},
    )
    connection.execute(wish, rows)


class Wishes:
    """The list of one database. Times are Unix seconds."""

    def __init__(self, database: Database, clock: Clock, *, lease: float) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease

    def add(self, connection_id: str, *wishes: str) -> None:
        """Wish."""
        with self._database.begin() as connection:
            add_wishes(self._database, connection, connection_id, wishes, self._now())

    def take(self, worker: str) -> Wish | None:
        """The wish that is due longest, for this worker alone until the lease ends; None when there is none."""
        now = self._now()
        due = (
            select(WISHES.c.connection_id, WISHES.c.what)
            .where(WISHES.c.due_at <= now, WISHES.c.lease_until <= now)
            .order_by(WISHES.c.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._database.begin(durable=False) as connection:
            found = connection.execute(due).first()
            if found is None:
                return None
            taken = (
                update(WISHES)
                .where(WISHES.c.connection_id == found[0], WISHES.c.what == found[1])
                .values(lease_until=now + self._lease, worker=worker)
                .returning(WISHES.c.count)
            )
            return Wish(found[0], found[1], connection.execute(taken).scalar_one())

    def renew(self, connection: Connection, worker: str, wish: Wish) -> bool:
        """Hold a wish longer, inside a transaction; False when another worker has it by now."""
        held = update(WISHES).where(*_place(wish), WISHES.c.worker == worker)
        return connection.execute(held.values(lease_until=self._now() + self._lease)).rowcount == 1

    def fulfil(self, worker: str, wish: Wish) -> None:
        """Take a wish off the list; one that was made anew meanwhile stays, due at once."""
        with self._database.begin(durable=False) as connection:
            self.end(connection, worker, wish)

    def end(self, connection: Connection, worker: str, wish: Wish) -> bool:
        """Take a wish off the list as above, inside a transaction; False when another worker has it by now."""
        gone = delete(WISHES).where(*_place(wish), WISHES.c.worker == worker, WISHES.c.count == wish.count)
        anew = update(WISHES).where(*_place(wish), WISHES.c.worker == worker).values(lease_until=0.0)
        return connection.execute(gone).rowcount == 1 or connection.execute(anew).rowcount == 1

    def postpone(self, worker: str, wish: Wish, seconds: float) -> None:
        """Put a wish back for later; one that was made anew meanwhile is due as it was then."""
        later = case((WISHES.c.count == wish.count, self._now() + seconds), else_=WISHES.c.due_at)
        with self._database.begin(durable=False) as connection:
            back = update(WISHES).where(*_place(wish), WISHES.c.worker == worker)
            connection.execute(back.values(lease_until=0.0, due_at=later))

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _place(wish: Wish) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return WISHES.c.connection_id == wish.connection_id, WISHES.c.what == wish.what
