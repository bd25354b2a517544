"""Fulfilling wishes: the connection's state, deletions, and walks over lists, each page committed with its checkpoint.

A walk by `last_synced_at` ascending sees what changes while it runs, and the next one begins a little before the last
row that this one saw (trap 12, 13). Where a list cannot be sorted it is walked whole. A whole walk also notices what
has disappeared, which is all that some platforms tell of a deletion (trap 14).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.backend.catalogue import MIRRORED, UNSORTED_PLATFORMS, Mirrored
from harness.backend.connections import (
    CALLABLE,
    DISABLED,
    HEALTHY,
    NEEDS_REAUTH,
    SYNCING,
    UNHEALTHY,
    Connections,
    ConnectionView,
)
from harness.backend.database import Database
from harness.backend.gateway import Gateway, Reply
from harness.backend.meaning import CONNECTION, DELETIONS, EVERYTHING, RESOURCES, WHOLE, WRITE
from harness.backend.mirror import Mirror, Progress, millis
from harness.backend.rests import Later, Lost
from harness.backend.unsupported import Unsupported
from harness.backend.wishes import Wish, Wishes, add_wishes
from harness.backend.writing import Writer
from harness.core import Clock

OVERLAP_MS = 60_000.0
PAGE = 500
ASKED_AT_MOST = 50
"""Rows missing from a whole walk that are asked for one by one; beyond it the walk is believed."""
LATER, MUCH_LATER = 30.0, 300.0
NOT_READY = "PRODUCT_NOT_READY"
REFUSALS = {"NEEDS_UPDATE": MUCH_LATER, "CONNECTION_DISABLED": MUCH_LATER}


@dataclass(frozen=True, slots=True)
class Reader:
    """Fulfils wishes of one worker."""

    worker: str
    database: Database
    connections: Connections
    mirror: Mirror
    wishes: Wishes
    gateway: Gateway
    clock: Clock
    writer: Writer
    not_yet: float
    """Seconds until a connection that is not ready is looked at again."""
    resources: tuple[str, ...]
    """What is mirrored."""
    unsupported: Unsupported

    def fulfil(self, wish: Wish) -> None:
        """Do what a wish asks for and take it off the list. Raises Later, Lost or Paused when it is not done."""
        view = self.connections.get(wish.connection_id)
        if view is not None and view.state in CALLABLE and wish.what in self.resources:
            self._walk(view, MIRRORED[wish.what], wish)
            return
        if view is not None:
            self._other(view, wish)
        self.wishes.fulfil(self.worker, wish)

    def _other(self, view: ConnectionView, wish: Wish) -> None:
        """What is no walk."""
        if wish.what == CONNECTION:
            self._state(view)
        elif wish.what.startswith(WRITE):
            if view.state not in CALLABLE:
                raise Later(LATER)
            self.writer.carry_out(wish.what.removeprefix(WRITE))
        elif view.state not in CALLABLE:
            return  # a connection that comes back wishes for everything anew
        elif wish.what == EVERYTHING:
            self.wishes.add(view.id, *self.resources, DELETIONS)
        elif wish.what == DELETIONS:
            self._deletions(view, wish)
        elif wish.what.startswith(WHOLE):
            self._afresh(view, wish.what.removeprefix(WHOLE))

    def _state(self, view: ConnectionView) -> None:
        """What the API says of the connection. Source: [S24] /connections/status."""
        reply = self.gateway.call("GET", "/connections/status", connection_id=view.id)
        status = reply.body.get("status") if reply.ok else None
        if not isinstance(status, dict):
            raise Later(self._refused(view, reply))
        state, reason = _state_of(status)
        self.connections.note(view.id, state=state, reason=reason, link_url=status.get("link_url"))
        begins = view.state == SYNCING and view.synced_at is None and bool(status.get("is_ready"))
        if state in CALLABLE and (begins or view.state not in CALLABLE or SYNCING == view.state != state):
            self.wishes.add(view.id, EVERYTHING)  # what was walked before may have been a part only (trap 16)
        if state == SYNCING:
            raise Later(self.not_yet)

    def _afresh(self, view: ConnectionView, resource: str) -> None:
        """Make the next walk of a resource a whole one; what was not there is asked for again."""
        progress = self.mirror.progress(view.id, resource)
        with self.database.begin() as connection:
            self.mirror.save(connection, view.id, resource, replace(progress, since_ms=None, page=None, supported=True))
            add_wishes(self.database, connection, view.id, (resource,), self.clock.now().timestamp())

    def _walk(self, view: ConnectionView, what: Mirrored, wish: Wish) -> None:
        progress = self.mirror.progress(view.id, what.name)
        if not progress.supported or self.unsupported.known(view.platform, what.name):
            self._end(view, what, wish, replace(progress, supported=False, page=None))
            return
        if progress.page is None:
            progress = replace(
                progress, walk=progress.walk + 1, whole=progress.since_ms is None, highest_ms=progress.since_ms
            )
        while True:
            reply = self.gateway.call("GET", what.path, connection_id=view.id, query=_query(view, what, progress))
            if reply.status == 404:
                self.unsupported.note(view.platform, what.name)
                self._end(view, what, wish, replace(progress, supported=False, page=None))
                return
            if reply.status == 400 and progress.page is not None:
                progress = replace(progress, page=None)  # the cursor is of another time: the walk begins again
                continue
            rows = reply.body.get(what.key) if reply.ok and isinstance(reply.body, dict) else None
            if not isinstance(rows, list):
                raise Later(self._refused(view, reply))
            found = [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
            seen = [millis(row.get("last_synced_at")) for row in found]
            following = reply.body.get("next_cursor")
            progress = replace(
                progress, page=following or None, highest_ms=max([progress.highest_ms or 0.0, *seen]) or None
            )
            if not following:
                since = progress.highest_ms if _sorted(view, what) else None
                progress = replace(progress, since_ms=since, walked_at=self.clock.now().timestamp())
                self._end(view, what, wish, progress, found, self._missing(view, what, progress, found))
                return
            self._commit(view, what, wish, found, progress)

    def _commit(
        self, view: ConnectionView, what: Mirrored, wish: Wish, rows: Sequence[dict[str, Any]], progress: Progress
    ) -> None:
        """A page, its checkpoint and the lease in one transaction."""
        with self.database.begin(durable=False) as connection:
            if not self.wishes.renew(connection, self.worker, wish):
                raise Lost
            self.mirror.keep(connection, view.id, what.name, rows, progress.walk)
            self.mirror.save(connection, view.id, what.name, progress)

    def _end(
        self, view: ConnectionView, what: Mirrored, wish: Wish, progress: Progress,
        rows: Sequence[dict[str, Any]] = (), gone: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """The last page, what has disappeared, the checkpoint and the end of the wish in one transaction."""
        with self.database.begin(durable=False) as connection:
            if not self.wishes.end(connection, self.worker, wish):
                raise Lost
            self.mirror.keep(connection, view.id, what.name, rows, progress.walk)
            self.mirror.drop(connection, view.id, what.name, gone)
            self.mirror.save(connection, view.id, what.name, progress)
            if progress.supported:
                self.connections.synced(connection, view.id, self.clock.now().timestamp())

    def _missing(
        self, view: ConnectionView, what: Mirrored, progress: Progress, last: Sequence[dict[str, Any]]
    ) -> list[str]:
        """What a whole walk did not see, its last page included, and the API does not know any more."""
        if not progress.whole or progress.walk == 1:
            return []
        seen = {row["id"] for row in last}
        unseen = [id for id in self.mirror.unseen(view.id, what.name, progress.walk) if id not in seen]
        if len(unseen) <= ASKED_AT_MOST:
            unseen = [id for id in unseen if self._is_gone(view, what, id)]
        return unseen

    def _is_gone(self, view: ConnectionView, what: Mirrored, id: str) -> bool:
        return self.gateway.call("GET", f"{what.path}/{id}", connection_id=view.id).status in {404, 410}

    def _deletions(self, view: ConnectionView, wish: Wish) -> None:
        """What `/events` says was deleted. Source: [S24] ListEventsParams; other platforms answer an empty array."""
        progress = self.mirror.progress(view.id, DELETIONS)
        cursor, highest = None, progress.since_ms
        while True:
            query: dict[str, Any] = {"type": "object_deleted", "limit": PAGE}
            if progress.since_ms is not None:
                query["last_synced_at_min"] = round(progress.since_ms - OVERLAP_MS)
            if cursor is not None:
                query["cursor"] = cursor
            reply = self.gateway.call("GET", "/events", connection_id=view.id, query=query)
            if reply.status == 404:
                return
            events = reply.body.get("events") if reply.ok and isinstance(reply.body, dict) else None
            if not isinstance(events, list):
                raise Later(self._refused(view, reply))
            for event in events:
                self._bury(view, event)
                highest = max(highest or 0.0, millis(event.get("last_synced_at"))) or None
            cursor = reply.body.get("next_cursor")
            if not cursor:
                break
        with self.database.begin() as connection:
            if not self.wishes.renew(connection, self.worker, wish):
                raise Lost
            self.mirror.save(connection, view.id, DELETIONS, replace(progress, since_ms=highest))

    def _bury(self, view: ConnectionView, event: Any) -> None:
        data = event.get("data") if isinstance(event, dict) else None
        id = data.get("id") if isinstance(data, dict) else event.get("id") if isinstance(event, dict) else None
        resource = RESOURCES.get(str(event.get("resource", "")).upper()) if isinstance(event, dict) else None
        if resource is not None and isinstance(id, str):
            self.mirror.bury(view.id, resource, id, self.clock.now().timestamp())

    def _refused(self, view: ConnectionView, reply: Reply) -> float:
        """How long to wait after an answer that was no success; the connection's state is looked at when it says so."""
        if reply.status is None or reply.status >= 500:
            return min(MUCH_LATER, 2.0 ** min(self.gateway.failures, 10))
        code = reply.body.get("error_code") if isinstance(reply.body, dict) else None
        if code in {"NEEDS_UPDATE", "CONNECTION_DISABLED"}:
            state = NEEDS_REAUTH if code == "NEEDS_UPDATE" else DISABLED
            self.connections.note(view.id, state=state, reason=str(code))
        return self.not_yet if code == NOT_READY else REFUSALS.get(str(code), LATER)


def _query(view: ConnectionView, what: Mirrored, progress: Progress) -> dict[str, Any]:
    query: dict[str, Any] = {"limit": PAGE}
    if _sorted(view, what):
        query["sort"] = "last_synced_at ASC"
    if progress.since_ms is not None and not progress.whole:
        query["last_synced_at_min"] = round(progress.since_ms - OVERLAP_MS)
    if progress.page is not None:
        query["cursor"] = progress.page
    return query


def _sorted(view: ConnectionView, what: Mirrored) -> bool:
    """Whether a walk can follow `last_synced_at`; without an order a window could miss what changes meanwhile."""
    return what.incremental and view.platform not in UNSORTED_PLATFORMS


def _state_of(status: dict[str, Any]) -> tuple[str, str | None]:
    """(state, reason) of a status. Source: [S24] ConnectionStatus; the reason may be the text "null" (trap 26)."""
    disabled, update = status.get("disabled_status") or {}, status.get("needs_update_status") or {}
    if update.get("needs_update"):
        return NEEDS_REAUTH, None
    if disabled.get("is_disabled"):
        reason = disabled.get("disabled_reason")
        return DISABLED, None if reason in {None, "null"} else str(reason)
    history = status.get("historical_sync_status") or {}
    if not status.get("is_ready") or history.get("historical_sync_completed") is False:
        return SYNCING, None
    return (HEALTHY if status.get("is_healthy", True) else UNHEALTHY), None
