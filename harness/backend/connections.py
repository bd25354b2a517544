"""The customers' connections: token in, sealed; state and health out. A token leaves only towards the API."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Connection

from harness.backend.database import Database
from harness.backend.schema import CONNECTIONS, CURSORS, EXCHANGES, INBOX, MIRROR, TOMBSTONES, WISHES, WRITES
from harness.backend.vault import Vault
from harness.backend.wishes import add_wishes
from harness.core import Clock, Secret

SYNCING, HEALTHY, UNHEALTHY, NEEDS_REAUTH, DISABLED = "syncing", "healthy", "unhealthy", "needs_reauth", "disabled"
CALLABLE = frozenset({SYNCING, HEALTHY, UNHEALTHY})
"""States in which the API answers. Source: [H:3136102942]."""


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection without its token: what pages and programs may see."""

    id: str
    platform: str
    name: str | None
    state: str
    reason: str | None
    link_url: str | None
    created_at: float
    synced_at: float | None


class Connections:
    """The connections of one database."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def claim(self, public_token: Secret) -> tuple[bool, str | None]:
        """Whether this call is the first for a public token, and the connection that an earlier one made."""
        digest = _digest(public_token)
        begun = self._database.upsert(EXCHANGES).values(digest=digest, connection_id=None, begun_at=self._now())
        with self._database.begin() as connection:
            # What an insert returns is the same on both databases; how many rows it counts is not.
            inserted = connection.execute(begun.on_conflict_do_nothing().returning(EXCHANGES.c.digest)).scalar()
            made = connection.execute(select(EXCHANGES.c.connection_id).where(EXCHANGES.c.digest == digest)).scalar()
        return inserted is not None, made

    def unclaim(self, public_token: Secret) -> None:
        """Let a public token be tried again whose exchange failed."""
        with self._database.begin() as connection:
            connection.execute(
                delete(EXCHANGES).where(
                    EXCHANGES.c.digest == _digest(public_token), EXCHANGES.c.connection_id.is_(None)
                )
            )

    def add(self, id: str, platform: str, name: str | None, token: Secret, public_token: Secret | None = None) -> None:
        """Store a connection, or the new token of a known one, and wish to see its state: its data follows."""
        values = {
            "platform": platform,
            "name": name,
            "token": self._vault.seal(token),
            "state": SYNCING,
            "reason": None,
        }
        added = self._database.upsert(CONNECTIONS).values(id=id, created_at=self._now(), **values)
        with self._database.begin() as connection:
            connection.execute(added.on_conflict_do_update(index_elements=[CONNECTIONS.c.id], set_=values))
            if public_token is not None:
                done = update(EXCHANGES).where(EXCHANGES.c.digest == _digest(public_token))
                connection.execute(done.values(connection_id=id))
            add_wishes(self._database, connection, id, ("connection",), self._now())

    def all(self) -> list[ConnectionView]:
        """Every connection, oldest first."""
        with self._database.begin() as connection:
            found = connection.execute(select(*_SHOWN).order_by(CONNECTIONS.c.created_at))
            return [ConnectionView(*row) for row in found]

    def get(self, id: str) -> ConnectionView | None:
        """One connection; None when it is not known."""
        with self._database.begin(durable=False) as connection:
            row = connection.execute(select(*_SHOWN).where(CONNECTIONS.c.id == id)).first()
        return None if row is None else ConnectionView(*row)

    def token(self, id: str) -> Secret | None:
        """The access token, opened: for a request to the API and nothing else."""
        with self._database.begin(durable=False) as connection:
            sealed = connection.execute(select(CONNECTIONS.c.token).where(CONNECTIONS.c.id == id)).scalar()
        return None if sealed is None else self._vault.open(sealed)

    def note(self, id: str, **values: Any) -> None:
        """Change the state, the reason, the name, the re-auth link or the time of the last sync."""
        with self._database.begin() as connection:
            connection.execute(update(CONNECTIONS).where(CONNECTIONS.c.id == id).values(**values))

    def synced(self, connection: Connection, id: str, at: float) -> None:
        """Note the end of a walk, inside a transaction."""
        connection.execute(update(CONNECTIONS).where(CONNECTIONS.c.id == id).values(synced_at=at))

    def remove(self, id: str) -> None:
        """Forget a connection with everything of it: data, events, wishes, token."""
        with self._database.begin() as connection:
            for table in (MIRROR, CURSORS, WISHES, TOMBSTONES, INBOX, EXCHANGES, WRITES):
                connection.execute(delete(table).where(table.c.connection_id == id))
            connection.execute(delete(CONNECTIONS).where(CONNECTIONS.c.id == id))

    def reseal(self) -> int:
        """Seal every token with the newest key; how many."""
        with self._database.begin() as connection:
            rows = connection.execute(select(CONNECTIONS.c.id, CONNECTIONS.c.token)).all()
            for id, sealed in rows:
                again = update(CONNECTIONS).where(CONNECTIONS.c.id == id, CONNECTIONS.c.token == sealed)
                connection.execute(again.values(token=self._vault.reseal(sealed)))
        return len(rows)

    def states(self) -> dict[str, int]:
        """How many connections are in each state."""
        with self._database.begin() as connection:
            counted = select(CONNECTIONS.c.state, func.count()).group_by(CONNECTIONS.c.state)
            return {row[0]: row[1] for row in connection.execute(counted)}

    def _now(self) -> float:
        return self._clock.now().timestamp()


_SHOWN = (
    CONNECTIONS.c.id, CONNECTIONS.c.platform, CONNECTIONS.c.name, CONNECTIONS.c.state, CONNECTIONS.c.reason,
    CONNECTIONS.c.link_url, CONNECTIONS.c.created_at, CONNECTIONS.c.synced_at,
)  # fmt: skip


def _digest(token: Secret) -> str:
    return hashlib.sha256(token.reveal().encode()).hexdigest()
