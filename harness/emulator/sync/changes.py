"""What changed in a platform's own software and is not in the API yet: records that the next sync reads."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.emulator.clock import EmulatorClock, to_millis
from harness.emulator.documents import Documents
from harness.emulator.identifiers import IdSource

KIND = "change"


@dataclass(frozen=True, slots=True)
class Change:
    """One unseen change. `verb` is created, updated or deleted; `document` is the whole object as the platform has it
    after the change (before it, for a delete). `shown`: it is in the API already, made by an API write on a platform
    that is not real time, and only its webhook waits for the sync. `at`: Unix milliseconds; `number`: order."""

    id: str
    connection: str
    resource: str
    verb: str
    document: dict[str, Any]
    at: int
    number: int
    shown: bool = False


class Changes:
    """The unseen changes of one emulator."""

    def __init__(self, store: Documents, clock: EmulatorClock, ids: IdSource) -> None:
        self._store, self._clock, self._ids = store, clock, ids
        self._number = max((change.number for change in self._all()), default=0)

    def add(
        self,
        connection: Mapping[str, Any],
        resource: str,
        verb: str,
        document: Mapping[str, Any],
        *,
        shown: bool = False,
    ) -> Change:
        """Note a change for the next sync."""
        self._number += 1
        at = to_millis(self._clock.now())
        change = Change(self._ids(), connection["id"], resource, verb, dict(document), at, self._number, shown)
        self._store.keep(KIND, change.id, asdict(change))
        return change

    def of(self, connection: str, resources: frozenset[str] | None = None) -> list[Change]:
        """The unseen changes of a connection in the order in which they were made; None: of every resource."""
        found = [
            change
            for change in self._all()
            if change.connection == connection and (resources is None or change.resource in resources)
        ]
        return sorted(found, key=lambda change: (change.at, change.number))

    def latest(self, connection: str, resource: str, id: str) -> Change | None:
        """The last unseen change of an object that the API does not show; None when there is none."""
        found = [item for item in self.of(connection, frozenset({resource}))
                 if item.document["id"] == id and not item.shown]  # fmt: skip
        return found[-1] if found else None

    def seen(self, change: Change) -> None:
        """Take a change off: it is in the API now."""
        self._store.forget(KIND, change.id)

    def forget(self, connection: str) -> None:
        """Take off everything of a connection that is gone."""
        for change in self.of(connection):
            self.seen(change)

    def _all(self) -> Iterator[Change]:
        for _, body in self._store.recall(KIND):
            yield Change(**body)
