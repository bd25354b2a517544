"""Who has to wait, and how long: rows of the database, so that every process respects them.

429 pauses the whole organisation, 452 one connection. Source: section 3, [H:7238576299].
"""

from collections.abc import Iterable

from sqlalchemy import select

from harness.backend.database import Database
from harness.backend.schema import PAUSES
from harness.core import Clock

ORGANISATION = "organisation"
LONGEST_PAUSE = 60.0


class Pauses:
    """The pauses of one database. `scope` is `organisation` or a connection's id."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def left(self, scopes: Iterable[str]) -> float:
        """Seconds until a request that belongs to all of these may be sent; not positive when it may be now."""
        now = self._clock.now().timestamp()
        with self._database.begin(durable=False) as connection:
            found = connection.execute(select(PAUSES.c.until).where(PAUSES.c.scope.in_(list(scopes)))).scalars().all()
        return max((moment - now for moment in found), default=0.0)

    def begin(self, scope: str, told: str | None) -> float:
        """The API asked for a rest, perhaps for `told` seconds; the seconds of it. It grows with each request that
        meets one."""
        now = self._clock.now().timestamp()
        with self._database.begin() as connection:
            known = connection.execute(select(PAUSES.c.until, PAUSES.c.count).where(PAUSES.c.scope == scope)).first()
            count = known[1] + 1 if known is not None and now - known[0] < LONGEST_PAUSE else 1
            seconds = float(told) if told and told.strip().isdigit() else min(LONGEST_PAUSE, 2.0 ** (count - 1))
            paused = self._database.upsert(PAUSES).values(scope=scope, until=now + seconds, count=count)
            connection.execute(
                paused.on_conflict_do_update(
                    index_elements=[PAUSES.c.scope], set_={"until": now + seconds, "count": count}
                )
            )
        return seconds
