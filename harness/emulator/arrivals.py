"""When requests arrived: what a load test compares its own plan with."""

from collections import Counter
from collections.abc import Callable
from typing import Any

BIN = 0.01
"""Seconds; arrivals are counted in bins of that width, so that a long test costs little memory."""


class Arrivals:
    """One per emulator. `monotonic` is its clock."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._now = monotonic
        self._began = monotonic()
        self._counts: Counter[int] = Counter()

    def note(self) -> None:
        """A request of the API arrived."""
        self._counts[int((self._now() - self._began) / BIN)] += 1

    def told(self) -> dict[str, Any]:
        """Arrivals by bin; the place of a bin is counted from the start of the emulator. They are then forgotten."""
        counts, self._counts = self._counts, Counter()
        return {"bin_seconds": BIN, "arrivals": {str(place): count for place, count in sorted(counts.items())}}
