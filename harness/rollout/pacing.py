"""One rate budget for every process: a slot is reserved in a store (`slots`), then waited for.

At the pace L / (W + J) no sliding window W ever sees more than L requests while permission and arrival differ by at
most J. A slot that is noticed later than half of J is given up for a new one, so that a starved process is slow instead
of breaking the limit.
"""

import time
from collections.abc import Callable

from harness.rollout.slots import SlotStore


class Pacer:
    """Permission to send, one request at a time. Also a `harness.client.RateBudget`."""

    def __init__(
        self,
        store: SlotStore,
        *,
        per_second: float,
        jitter: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.store = store
        self.interval = 1 / per_second
        self.tolerance = jitter / 2
        self.lost = 0
        """Slots that were noticed too late, and given up."""
        self._now, self._sleep = now, sleep

    def reserve(self) -> float:
        """The instant (of `now`) at which one request may be sent. Check `expired` right before sending."""
        wait = self.store.reserve(self.interval)
        return self._now() + wait

    def expired(self, slot: float) -> bool:
        """Whether a slot was noticed too late to be used; counts it."""
        late = self._now() - slot > self.tolerance
        self.lost += late
        return late

    def acquire(self) -> None:
        """Return when one request may be sent."""
        while True:
            slot = self.reserve()
            wait = slot - self._now()
            if wait > 0:
                self._sleep(wait)
            if not self.expired(slot):
                return
