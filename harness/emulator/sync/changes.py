"""What changed in a platform's own software and is not in the API yet: records that the next sync reads."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.emulator.bookkeeping.derived import derive
from harness.emulator.clock import EmulatorClock, to_millis
from harness.emulator.documents import Documents
from harness.emulator.sync.books import PlatformBooks

KIND, GONE = "change", "gone"
"""Changes that wait for a sync; objects of the books that were deleted."""
Document = dict[str, Any]
Connection = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One unseen change. `verb` is created, updated or deleted; `fields`: of a created object all, of an updated one
    those that changed. `shown`: it is in the API already, made by an API write on a platform that is not real time, and
    only its webhook waits for the sync. `at`: Unix milliseconds; `number`: order of equal instants."""

    id: str
    connection: str
    resource: str
    object: str
    verb: str
    fields: Document
    at: int
    number: int
    shown: bool = False


class Changes:
    """The unseen changes of one emulator, and what objects are with them."""

    def __init__(self, store: Documents, clock: EmulatorClock, books: PlatformBooks) -> None:
        self._store, self._clock, self._books = store, clock, books
        self._number = max((body["number"] for _, body in store.recall(KIND)), default=0)

    def add(
        self, connection: Connection, resource: str, verb: str, object: str, fields: Document, *, shown: bool = False
    ) -> None:
        """Note a change for the next sync."""
        self._number += 1
        at = to_millis(self._clock.now())
        id = f"{connection['id']}:{resource}:{object}:{at:015d}:{self._number:010d}"
        change = Change(id, connection["id"], resource, object, verb, fields, at, self._number, shown)
        self._store.keep(KIND, id, asdict(change))

    def of(self, connection: str, resources: frozenset[str] | None = None) -> list[Change]:
        """The unseen changes of a connection in the order in which they were made; None: of every resource."""
        found = self._with_prefix(f"{connection}:")
        return [change for change in found if resources is None or change.resource in resources]

    def hidden(self, connection: str, resource: str, object: str) -> list[Change]:
        """The changes of one object that the API does not show yet."""
        found = self._with_prefix(f"{connection}:{resource}:{object}:")
        return [change for change in found if not change.shown]

    def seen(self, change: Change) -> None:
        """Take a change off: it is in the API now."""
        self._store.forget(KIND, change.id)

    def forget(self, connection: str) -> None:
        """Take off everything of a connection that is gone."""
        self._store.forget_many(KIND, [change.id for change in self.of(connection)])
        self._store.forget_many(GONE, [id for id, _ in self._store.recall(GONE, f"{connection}:")])

    def bury(self, connection: Connection, resource: str, object: str) -> None:
        """Note that the platform has an object of its books no more: no later sync may find it there again."""
        if self._books.find(connection, resource, object) is not None:
            self._store.keep(GONE, f"{connection['id']}:{resource}:{object}", True)

    def buried(self, connection: Connection, resource: str) -> set[str]:
        """The objects of a list that the platform's books had and that were deleted."""
        prefix = f"{connection['id']}:{resource}:"
        return {id.removeprefix(prefix) for id, _ in self._store.recall(GONE, prefix)}

    def base(self, connection: Connection, resource: str, object: str) -> Document | None:
        """An object as the API shows it, or as the platform has it when the API does not have it at all."""
        row = self._store.get(connection["id"], resource, object)
        if row is not None or self._store.record(GONE, f"{connection['id']}:{resource}:{object}"):
            return row.document if row is not None else None
        return self._books.find(connection, resource, object)

    def now(self, connection: Connection, resource: str, object: str) -> Document | None:
        """An object as the platform's own software has it now; None when it has none."""
        found = self.base(connection, resource, object)
        for change in self.hidden(connection["id"], resource, object):
            found = after(found, change)
        return found

    def _with_prefix(self, prefix: str) -> list[Change]:
        found = [Change(**body) for _, body in self._store.recall(KIND, prefix)]
        return sorted(found, key=lambda change: (change.at, change.number))


def after(document: Document | None, change: Change) -> Document | None:
    """An object after one more change; None when it is gone, or when there was nothing to change."""
    match change.verb:
        case "created":
            return change.fields
        case "updated" if document is not None:
            return derive(change.resource, {**document, **change.fields})
    return None
