"""Time comes from an injected clock; this module holds the protocol and the one real clock."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the harness may ask about time."""

    def now(self) -> datetime:
        """The current instant, timezone-aware UTC."""

    def monotonic(self) -> float:
        """Seconds that only grow, for durations."""

    def sleep(self, seconds: float) -> None:
        """Wait; only the client's back-off and the rate budget use it."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant, timezone-aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow, for durations."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`; never negative."""
        if seconds > 0:
            time.sleep(seconds)


def iso_utc(instant: datetime) -> str:
    """`YYYY-MM-DDTHH:mm:ss.SSSZ`, the form of every returned date-time of the API. Source: [S23] examples."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat(timespec="milliseconds")[:-6] + "Z"
