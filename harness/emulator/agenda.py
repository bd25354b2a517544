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
    """One thing to do. `at`: Unix milliseconds; `number`: the order in which equal instants were added; `task`: the
    name that a handler was registered under; `body`: what the handler gets."""

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

    def add(self, task: str, id: str, after: float, body: Fields) -> None:
        """Have `task` done `after` seconds from now. A second one of the same task and id replaces the first."""
        self._number += 1
        at = to_millis(self._clock.now()) + round(after * 1000)
        due = Due(f"{task}:{id}", at, self._number, task, body)
        self._store.keep(KIND, due.id, asdict(due))
        self.on_change()

    def transaction(self) -> AbstractContextManager[None]:
        """Taking a due thing and doing it belong together."""
        return self._store.transaction()

    def drop(self, task: str, id: str) -> bool:
        """Take a due thing off; False when it was not there."""
        return self._store.forget(KIND, f"{task}:{id}")

    def all(self) -> list[Due]:
        """Everything that is due, the earliest first."""
        found = [Due(**body) for _, body in self._store.recall(KIND)]
        return sorted(found, key=lambda due: (due.at, due.number, due.id))

    def take(self, until: datetime) -> Due | None:
        """The earliest thing due by `until`, taken off: of several takers only one gets it."""
        limit = to_millis(until)
        for due in self.all():
            if due.at > limit:
                return None
            if self._store.forget(KIND, due.id):
                return due
        return None


def _nothing() -> None:
    """Tell nobody."""
