"""Putting what a sync read into the API: documents, linked documents, deletes, and the events of all three."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harness.contract import Contract
from harness.core import iso_utc
from harness.emulator.bookkeeping import effects
from harness.emulator.clock import EmulatorClock
from harness.emulator.documents import Documents
from harness.emulator.identifiers import IdSource
from harness.emulator.sync.changes import Change, Changes, after
from harness.emulator.sync.platforms import shows_deletes, tells_delete
from harness.emulator.webhooks.events import Announcer

Document = dict[str, Any]
Connection = Mapping[str, Any]


class Landing:
    """Where synced data enters the store. Everything that lands gets a new `last_synced_at`."""

    def __init__(
        self,
        store: Documents,
        contract: Contract,
        clock: EmulatorClock,
        ids: IdSource,
        changes: Changes,
        announcer: Announcer,
    ) -> None:
        self._store, self._contract, self._clock, self._ids = store, contract, clock, ids
        self._changes, self._announcer = changes, announcer

    def fresh(self, connection: Connection, resource: str, documents: Iterable[Document], *, announce: bool) -> int:
        """Put the documents that the API does not have yet; returns how many. The others are left as they are: what
        did not change is not synced again (INFERRED)."""
        known, gone = connection["id"], self._changes.buried(connection, resource)
        new = [item for item in documents
               if item["id"] not in gone and self._store.get(known, resource, item["id"]) is None]  # fmt: skip
        landed = [self._stamped(item) for item in new]
        self._store.put_many(known, resource, landed)
        for document in landed if announce else ():
            self._announcer.entity(connection, resource, "created", document)
        return len(landed)

    def change(self, connection: Connection, change: Change, *, announce: bool = True) -> None:
        """Bring one change into the API, or only tell of it when it is there already."""
        before = self._current(connection, change.resource, change.object)
        if change.verb == "deleted":
            self._changes.bury(connection, change.resource, change.object)
            if before is not None or change.shown:
                self._gone(connection, change, before, announce=announce)
            return
        document = before if change.shown else after(
            self._changes.base(connection, change.resource, change.object), change)  # fmt: skip
        if document is None:
            return
        if not change.shown:
            document = self._stamped(document)
            self._store.put(connection["id"], change.resource, document)
            self._link(connection, change.resource, document, before, announce=announce)
        if announce:
            self._announcer.entity(connection, change.resource, change.verb, document)

    def tell_deleted(self, connection: Connection, resource: str, id: str) -> None:
        """Note a delete for `/events`, where the platform's deletes show there. Source: facts section 7."""
        if not shows_deletes(connection["platform"]):
            return
        event = {
            "id": self._ids(),
            "type": "object_deleted",
            "resource": self._contract.resources[resource].entity.upper(),
            "data": {"id": id},
            "last_synced_at": iso_utc(self._clock.tick()),
        }
        self._store.keep("event", f"{connection['id']}:{event['id']}", event)

    def _gone(self, connection: Connection, change: Change, before: Document | None, *, announce: bool) -> None:
        """An object that the platform has no more: told where the platform can tell, gone silently where it cannot."""
        if before is not None and not change.shown:
            self._link(connection, change.resource, None, before, announce=announce)
            self._store.remove(connection["id"], change.resource, change.object)
            if not tells_delete(connection["platform"], change.resource):
                return
            self.tell_deleted(connection, change.resource, change.object)
        if announce:
            self._announcer.entity(connection, change.resource, "deleted", {"id": change.object})

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

    def _current(self, connection: Connection, resource: str, id: str) -> Document | None:
        row = self._store.get(connection["id"], resource, id)
        return row.document if row else None

    def _lookup(self, connection: Connection) -> Callable[[str, str], Document | None]:
        return lambda resource, number: self._current(connection, resource, number)
