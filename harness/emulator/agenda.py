"""What is due and when: jobs, syncs, retries, as records of the store, so that a restart finds them again."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from harness.emulator.clock import EmulatorClock, to_millis
from harness.emulator.documents import Documents

Fields = dict[str, Any]
KIND = "due"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to do. `id` sorts by instant, then by `number`, the order in which equal instants were added; `at`:
    Unix milliseconds; `task`: what a handler was registered under; `body`: what the handler gets."""

    id: str
    at: int
    number: int
    task: str
    body: Fields


class Agenda:
    """The due things of one emulator. `on_change` is called after every addition."""

    def __init__(self, store: Documents, clock: EmulatorClock) -> None:
        self._store, self._clock = store, clock
        self._number = max((due.number for due in self.all()), default=0)
        self.on_change: Callable[[], None] = _nothing

    def add(self, task: str, name: str, after: float, body: Fields) -> None:
        """Have `task` done `after` seconds from now. A second one of the same task and name replaces the first."""
        self._number += 1
        at = to_millis(self._clock.now()) + round(after * 1000)
        alias = f"{task}:{name}"
        due = Due(f"{at:015d}:{self._number:010d}:{alias}", at, self._number, task, body)
        before = self._store.named(KIND, alias)
        if before is not None:
            self._store.forget(KIND, before["id"])
        self._store.keep(KIND, due.id, asdict(due), alias=alias)
        self.on_change()

    def transaction(self) -> AbstractContextManager[None]:
        """Taking a due thing and doing it belong together."""
        return self._store.transaction()

    def all(self) -> list[Due]:
        """Everything that is due, the earliest first: for looking, not for taking."""
        found = [Due(**body) for _, body in self._store.recall(KIND)]
        return sorted(found, key=lambda due: due.id)

    def first(self) -> Due | None:
        """The earliest thing due; None when nothing is."""
        found = self._store.first(KIND)
        return Due(**found[1]) if found else None

    def take(self, until: datetime) -> Due | None:
        """The earliest thing due by `until`, taken off: of several takers only one gets it."""
        while (due := self.first()) is not None and due.at <= to_millis(until):
            if self._store.forget(KIND, due.id):
                return due
        return None


def _nothing() -> None:
    """Tell nobody."""
