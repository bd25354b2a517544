"""The organisation's rate limit as a sliding log. Source: 500 per 10 s over all connections, [H:7238576299]."""

from collections import deque

from harness.emulator.clock import EmulatorClock
from harness.emulator.errors import rate_limited
from harness.emulator.settings import EmulatorSettings


class RateLimit:
    """Counts admitted requests; a refused one does not count (INFERRED)."""

    def __init__(self, settings: EmulatorSettings, clock: EmulatorClock) -> None:
        self._settings = settings
        self._clock = clock
        self._admitted: deque[float] = deque()

    def admit(self) -> None:
        """Admit one request, or raise ApiError 429."""
        if not self._settings.rate_limit:
            return
        now = self._clock.monotonic()
        while self._admitted and now - self._admitted[0] >= self._settings.rate_window:
            self._admitted.popleft()
        if len(self._admitted) >= self._settings.rate_limit:
            raise rate_limited(self._settings, self._settings.rate_window - (now - self._admitted[0]))
        self._admitted.append(now)
