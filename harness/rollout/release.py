"""When arrivals leave the plan: as they are due, and after a pause of the generator never in a bunch.

A generator that slept, or that had hundreds of answers to handle, owes arrivals. Sent at once they would be a burst
that nobody planned. So no sliding second gives out more than the plan's busiest one and a little, and no moment more
than twice the plan's busiest moment. What is held back leaves later and is late, or never leaves and is unsent, and
both are reported.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from harness.rollout.operations import Operation

SPARE = 0.015
"""By how much the plan may be exceeded in any second while a backlog is worked off: two percent may arrive, and the
way to the target makes some of it."""
MOMENT = 0.01
"""Seconds in which at most twice the plan leaves."""
ROUNDING = 1e-6
"""Seconds; of instants that are one window apart but for their last digits, only one is inside."""


class Release:
    """Gives out the arrivals of a plan that has at most `second` of them in any second, `moment` in any moment."""

    def __init__(self, coming: Iterator[Operation], second: int, moment: int) -> None:
        self._coming = coming
        self._next = next(coming, None)
        self._second = max(second + 1, int(second * (1 + SPARE)))
        self._moment = 2 * max(1, moment)
        self._left: deque[float] = deque(maxlen=self._second)

    @property
    def over(self) -> bool:
        """Whether every arrival has left."""
        return self._next is None

    def take(self, now: float) -> Operation | None:
        """The next arrival when it may leave now; None otherwise."""
        operation = self._next
        if operation is None or now < self.next_at(now):
            return None
        self._left.append(now)
        self._next = next(self._coming, None)
        return operation

    def next_at(self, never: float) -> float:
        """When to ask again; `never` when every arrival has left."""
        if self._next is None:
            return never
        at = self._next.due
        if len(self._left) == self._second:
            at = max(at, self._left[0] + 1.0)
        if len(self._left) >= self._moment:
            at = max(at, self._left[-self._moment] + MOMENT)
        return at

    def rest(self) -> list[Operation]:
        """Those that have not left."""
        first = [self._next] if self._next is not None else []
        self._next = None
        return first + list(self._coming)


def busiest(moments: Iterable[float], window: float) -> int:
    """Most of these ascending instants in any window of that many seconds."""
    inside: deque[float] = deque()
    most = 0
    for moment in moments:
        inside.append(moment)
        while inside[0] <= moment - window + ROUNDING:
            inside.popleft()
        most = max(most, len(inside))
    return most
