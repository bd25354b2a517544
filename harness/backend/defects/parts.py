"""Parts that are wrong: what a careless backend gets wrong behind its HTTP surface."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from harness.backend.assembly import Backend
from harness.backend.connections import DISABLED, NEEDS_REAUTH, Connections
from harness.backend.defects.registry import register
from harness.backend.inbox import Inbox
from harness.backend.meaning import RESOURCES, Effect, Event, json_body
from harness.backend.mirror import Mirror, millis
from harness.backend.pauses import Pauses
from harness.backend.schema import MIRROR
from harness.backend.vault import Vault
from harness.backend.wishes import Wish, Wishes
from harness.core import Secret

NEVER = 1e9
HOPELESS = 2.0
"""A rest of at least so many seconds is taken as the end of a connection by a backend that gives up."""


class _Forgetful(Connections):
    def claim(self, public_token: Secret) -> tuple[bool, str | None]:
        """Every call is the first."""
        super().claim(public_token)
        return True, None


class _Blind(Connections):
    def note(self, id: str, **values: Any) -> None:
        """Nothing of what the API says against a connection."""
        if values.get("state") not in {NEEDS_REAUTH, DISABLED}:
            super().note(id, **values)


class _Hoarding(Connections):
    def remove(self, id: str) -> None:
        """Keep everything."""


class _Glass(Vault):
    def seal(self, secret: Secret) -> str:
        """The secret itself."""
        return secret.reveal()

    def open(self, sealed: str) -> Secret:
        """What was never sealed."""
        return Secret(sealed)


class _Losing(Mirror):
    def keep(
        self, connection: Connection, connection_id: str, resource: str, rows: Sequence[dict[str, Any]], walk: int
    ) -> None:
        """All but the first bill of a page."""
        super().keep(connection, connection_id, resource, rows[1:] if resource == "bills" else rows, walk)


class _Undying(Mirror):
    def drop(self, connection: Connection, connection_id: str, resource: str, ids: Iterable[str]) -> None:
        """Nothing is ever gone."""

    def bury(self, connection_id: str, resource: str, id: str, at: float) -> None:
        """As above."""


class _Dated(Mirror):
    def keep(
        self, connection: Connection, connection_id: str, resource: str, rows: Sequence[dict[str, Any]], walk: int
    ) -> None:
        """Only what was edited after the newest row of the first walk: a backfill brings rows with old dates."""
        place = (MIRROR.c.connection_id == connection_id, MIRROR.c.resource == resource)
        known = connection.execute(select(MIRROR.c.body).where(*place)).scalars()
        newest = max((millis(json.loads(body).get("updated_at")) for body in known), default=0.0)
        wanted = rows if walk <= 1 else [row for row in rows if millis(row.get("updated_at")) >= newest]
        super().keep(connection, connection_id, resource, wanted, walk)


class _Deaf(Inbox):
    ignored = "_DELETED"

    def finish(self, worker: str, events: Sequence[Event], effect_of: Callable[[Event], Effect]) -> int:
        """Events with one ending have no effect."""
        return super().finish(
            worker, events, lambda event: Effect() if event.code.endswith(self.ignored) else effect_of(event)
        )


class _DeafToUpdates(_Deaf):
    ignored = "_UPDATED"


class _Trusting(Inbox):
    def finish(self, worker: str, events: Sequence[Event], effect_of: Callable[[Event], Effect]) -> int:
        """An update is what its event says, whatever came before it; nothing is read again."""
        ended = super().finish(
            worker, events, lambda event: Effect() if event.code.endswith("_UPDATED") else effect_of(event)
        )
        for event in events:
            if event.kind in RESOURCES and event.code.endswith("_UPDATED") and event.connection_id is not None:
                # Its own transaction and no look at what is newer: two of the mistakes that this backend makes.
                found = json_body(event).get(event.kind.lower())
                rows = [row for row in (found if isinstance(found, list) else [found]) if isinstance(row, dict)]
                with self._database.begin() as connection:
                    for row in rows:
                        body = json.dumps(row, sort_keys=True)
                        known = update(MIRROR).where(MIRROR.c.connection_id == event.connection_id,
                                                     MIRROR.c.id == str(row.get("id")))  # fmt: skip
                        connection.execute(known.values(body=body))
        return ended


class _Fatalist(Wishes):
    lost: frozenset[str] = frozenset()

    def take(self, worker: str) -> Wish | None:
        """No wish for a connection that failed once."""
        wish = super().take(worker)
        if wish is None or wish.connection_id not in self.lost:
            return wish
        self.fulfil(worker, wish)
        return None

    def postpone(self, worker: str, wish: Wish, seconds: float) -> None:
        """A failure is the end."""
        if seconds >= HOPELESS:
            self.lost |= {wish.connection_id}
        super().postpone(worker, wish, seconds)


class _Restless(Pauses):
    def left(self, scopes: Iterable[str]) -> float:  # noqa: ARG002 - the part's own form
        """No rest."""
        return 0.0

    def begin(self, scope: str, told: str | None) -> float:  # noqa: ARG002 - the part's own form
        """No rest."""
        return 0.0


def _connections(kind: type[Connections]) -> Callable[[Backend], Backend]:
    return lambda backend: replace(
        backend, connections=kind(backend.database, Vault(backend.settings.vault_keys), backend.clock)
    )


def _mirror(kind: type[Mirror]) -> Callable[[Backend], Backend]:
    return lambda backend: replace(backend, mirror=kind(backend.database))


def _inbox(kind: type[Inbox]) -> Callable[[Backend], Backend]:
    def spoil(backend: Backend) -> Backend:
        settings = backend.settings
        inbox = kind(backend.database, backend.clock, window=settings.repeat_window, lease=settings.lease_seconds,
                     attempts=settings.attempts, retry=settings.retry_seconds)  # fmt: skip
        return replace(backend, inbox=inbox)

    return spoil


def _unpolled(backend: Backend) -> Backend:
    return replace(backend, settings=replace(backend.settings, poll_seconds=NEVER))


register("exchanges_twice", "a public token is exchanged as often as it is handed over", ("backend.token_once",),
         ("backend.link.once",), spoil=_connections(_Forgetful))  # fmt: skip
register("blind_to_states", "what the API says of re-authentication and disabling is not noted", ("backend.state",),
         ("backend.lifecycle.reauth", "backend.lifecycle.disabled"), spoil=_connections(_Blind))  # fmt: skip
register("keeps_everything", "a disconnected connection stays, with its data", ("backend.removed",),
         ("backend.disconnect",), spoil=_connections(_Hoarding))  # fmt: skip
register("stores_in_clear", "access tokens are stored as they are", ("backend.token_secret",), ("backend.secrecy",),
         spoil=lambda backend: replace(backend, connections=Connections(
             backend.database, _Glass(backend.settings.vault_keys), backend.clock)))  # fmt: skip
register("loses_rows", "the first bill of a page is not stored", ("backend.arrives",), ("backend.data.arrives",),
         spoil=_mirror(_Losing))  # fmt: skip
register("reads_by_updated_at", "rows that were not edited lately are taken for known", ("backend.backfilled",),
         ("backend.backfill",), spoil=_mirror(_Dated))  # fmt: skip
register("ignores_deletions", "nothing is ever deleted", ("backend.deleted", "backend.order", "backend.polled"),
         ("backend.data.deleted", "backend.webhooks.order", "backend.polling"),
         spoil=lambda backend: _inbox(_Deaf)(_mirror(_Undying)(backend)))  # fmt: skip
register("ignores_updates", "updates are neither heard of nor polled", ("backend.fresh", "backend.polled"),
         ("backend.freshness", "backend.polling"),
         spoil=lambda backend: _inbox(_DeafToUpdates)(_unpolled(backend)))  # fmt: skip
register("writes_what_events_say", "an update is stored as its webhook says, however old that is", ("backend.order",),
         ("backend.webhooks.order",), spoil=lambda backend: _inbox(_Trusting)(_unpolled(backend)))  # fmt: skip
register("never_polls", "nothing is read unless a webhook comes", ("backend.polled",), ("backend.polling",),
         spoil=_unpolled)  # fmt: skip
register("gives_up", "a connection whose data could not be read once is never read again", ("backend.recovers",),
         ("backend.recovery.outage",),
         spoil=lambda backend: replace(backend, wishes=_Fatalist(
             backend.database, backend.clock, lease=max(backend.settings.lease_seconds, 60.0))))  # fmt: skip
register("asks_on", "a 429 is answered with the next request", ("backend.paused",), ("backend.recovery.rate_limit",),
         spoil=lambda backend: replace(backend, pauses=_Restless(backend.database, backend.clock)))  # fmt: skip
