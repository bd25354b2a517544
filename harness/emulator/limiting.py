"""The organisation's rate limit as a sliding log. Source: 500 per 10 s over all connections, [H:7238576299].

The log of an emulator that owns its database is in memory: a restart forgets the last seconds. Emulators that share a
database share the log: a ring with a place for each request that one window may hold.
"""

from collections import deque

from harness.emulator.clock import EmulatorClock
from harness.emulator.documents import Documents
from harness.emulator.errors import rate_limited
from harness.emulator.settings import EmulatorSettings


class RateLimit:
    """Counts admitted requests; a refused one does not count (INFERRED)."""

    def __init__(self, settings: EmulatorSettings, clock: EmulatorClock, store: Documents) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._admitted: deque[float] = deque()

    def admit(self) -> None:
        """Admit one request, or raise ApiError 429."""
        if not self._settings.rate_limit:
            return
        if self._store.shared:
            self._admit_shared()
            return
        now = self._clock.monotonic()
        while self._admitted and now - self._admitted[0] >= self._settings.rate_window:
            self._admitted.popleft()
        if len(self._admitted) >= self._settings.rate_limit:
            raise rate_limited(self._settings, self._settings.rate_window - (now - self._admitted[0]))
        self._admitted.append(now)

    def _admit_shared(self) -> None:
        """The place that the next request takes was taken one window's worth of requests ago, or a window ago."""
        now = self._clock.machine()
        with self._store.transaction():
            count = self._store.record("rate", "count") or 0
            place = str(count % self._settings.rate_limit)
            before = self._store.record("rate", place)
            if before is not None and 0 <= now - before < self._settings.rate_window:
                raise rate_limited(self._settings, self._settings.rate_window - (now - before))
            self._store.keep("rate", place, now)
            self._store.keep("rate", "count", count + 1)
