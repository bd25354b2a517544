"""Putting what a sync read into the API: documents, linked documents, deletes, and the events of all three."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harness.contract import Contract
from harness.core import iso_utc
from harness.emulator.bookkeeping import effects
from harness.emulator.clock import EmulatorClock
from harness.emulator.documents import Documents
from harness.emulator.identifiers import IdSource
from harness.emulator.sync.changes import Change
from harness.emulator.sync.entities import entity_date, sync_name
from harness.emulator.sync.platforms import DELETES_IN_EVENTS, tells_delete
from harness.emulator.webhooks.events import Announcer

Document = dict[str, Any]
Connection = Mapping[str, Any]


class Landing:
    """Where synced data enters the store. Everything that lands gets a new `last_synced_at`."""

    def __init__(
        self, store: Documents, contract: Contract, clock: EmulatorClock, ids: IdSource, announcer: Announcer
    ) -> None:
        self._store, self._contract = store, contract
        self._clock, self._ids, self._announcer = clock, ids, announcer

    def fresh(self, connection: Connection, resource: str, documents: Iterable[Document], *, announce: bool) -> int:
        """Put the documents that the API does not have yet; returns how many. The others are left as they are: what
        did not change is not synced again (INFERRED)."""
        known = connection["id"]
        new = [item for item in documents if self._store.get(known, resource, item["id"]) is None]
        landed = [self._stamped(item) for item in new]
        self._store.put_many(known, resource, landed)
        for document in landed if announce else ():
            self._announcer.entity(connection, resource, "created", document)
        return len(landed)

    def change(self, connection: Connection, change: Change, *, announce: bool = True) -> None:
        """Apply one change that was made in the platform's own software."""
        if change.verb == "deleted":
            self._gone(connection, change, announce=announce)
            return
        if not change.shown:
            row = self._store.get(connection["id"], change.resource, change.document["id"])
            document = self._stamped(change.document)
            self._store.put(connection["id"], change.resource, document)
            self._link(connection, change.resource, document, row.document if row else None, announce=announce)
        if announce:
            self._announcer.entity(connection, change.resource, change.verb, change.document)

    def totals(self, connection: Connection) -> Document:
        """Entity -> dates and count of what is in the API. Source: [S24] historical_sync_status.total."""
        found: Document = {}
        for resource in self._contract.resources:
            rows = self._store.all(connection["id"], resource)
            dates = [_day(resource, row.document) for row in rows]
            kept = sorted(date for date in dates if date)
            if rows:
                edge = connection["created_at"]
                found[sync_name(self._contract, resource).lower()] = {
                    "oldest_entity_date": kept[0] if kept else edge,
                    "newest_entity_date": kept[-1] if kept else edge,
                    "ready": True,
                    "synced_count": len(rows),
                }
        return found

    def tell_deleted(self, connection: Connection, resource: str, id: str) -> None:
        """Note a delete for `/events`, where the platform's deletes show there. Source: facts section 7."""
        if connection["platform"] not in DELETES_IN_EVENTS:
            return
        event = {
            "id": self._ids(),
            "type": "object_deleted",
            "resource": self._contract.resources[resource].entity.upper(),
            "data": {"id": id},
            "last_synced_at": iso_utc(self._clock.tick()),
        }
        self._store.keep("event", f"{connection['id']}:{event['id']}", event)

    def _gone(self, connection: Connection, change: Change, *, announce: bool) -> None:
        row = self._store.get(connection["id"], change.resource, change.document["id"])
        if row is not None and not change.shown:
            self._link(connection, change.resource, None, row.document, announce=announce)
            self._store.remove(connection["id"], change.resource, row.document["id"])
        if not change.shown and (row is None or not tells_delete(connection["platform"], change.resource)):
            return
        if not change.shown:
            self.tell_deleted(connection, change.resource, change.document["id"])
        if announce:
            self._announcer.entity(connection, change.resource, "deleted", change.document)

    def _link(
        self,
        connection: Connection,
        resource: str,
        document: Document | None,
        before: Document | None,
        *,
        announce: bool,
    ) -> None:
        for name, linked in effects(resource, document, before, self._lookup(connection)):
            moved = {**self._stamped(linked), "updated_at": iso_utc(self._clock.now())}
            self._store.put(connection["id"], name, moved)
            if announce:
                self._announcer.entity(connection, name, "updated", moved)

    def _stamped(self, document: Document) -> Document:
        if "last_synced_at" not in document:
            return document
        return {**document, "last_synced_at": iso_utc(self._clock.tick())}

    def _lookup(self, connection: Connection) -> Callable[[str, str], Document | None]:
        def lookup(resource: str, id: str) -> Document | None:
            row = self._store.get(connection["id"], resource, id)
            return row.document if row else None

        return lookup


def _day(resource: str, document: Mapping[str, Any]) -> str | None:
    moment = entity_date(resource, document) or document.get("created_at")
    return moment if isinstance(moment, str) and moment else None
