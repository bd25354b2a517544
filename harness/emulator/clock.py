"""The emulator's time: the machine's, in whole milliseconds, and never the same one twice for two writes."""

from datetime import UTC, datetime, timedelta

from harness.core import Clock, SystemClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class EmulatorClock:
    """`now` reads, `tick` reads and moves: every write gets its own millisecond, so `updated_at` always grows."""

    def __init__(self, source: Clock | None = None) -> None:
        self._source = source or SystemClock()
        self._last = EPOCH

    def now(self) -> datetime:
        """The current instant, whole milliseconds, timezone-aware UTC."""
        now = self._source.now()
        return max(now.replace(microsecond=now.microsecond // 1000 * 1000), self._last)

    def tick(self) -> datetime:
        """An instant later than every one that `tick` gave before."""
        self._last = max(self.now(), self._last + MILLISECOND)
        return self._last

    def monotonic(self) -> float:
        """Seconds that only grow, for windows and lifetimes."""
        return self._source.monotonic()


def to_millis(instant: datetime) -> int:
    """Unix milliseconds, as the `*_min` and `*_max` parameters count. Source: [S24] x-time-unit."""
    return (instant - EPOCH) // MILLISECOND


def read_millis(text: str) -> int | None:
    """Unix milliseconds of an ISO date or date-time, UTC when it names no zone; None when it is neither."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return to_millis(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
