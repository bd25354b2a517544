"""One rate budget for all workers of a run: the API counts the requests of the whole organisation.

Source: 500 requests per 10 seconds per organisation, [H:7238576299]. pyrate-limiter's sliding log keeps the limit in
every window; its SQLite bucket with a file lock shares it over the processes of one machine.

There are two others, for other needs. `harness.rollout.slots` spreads generated load evenly, because a window's worth
in one burst wrecks percentiles. `harness.backend.budget` serves machines through their PostgreSQL, fairly and in the
order of asking, and counts from a request's answer, so that nothing is lost to a margin. A run of cases needs neither:
one machine, no percentiles, and bursts save time.
"""

import re
from pathlib import Path
from typing import Protocol

from pyrate_limiter import Limiter, Rate, SQLiteBucket

from harness.errors import UsageError

MARGIN = 0.98
"""Share of the limit that is used: permission and arrival are some milliseconds apart."""

DEFAULT_RATE = "500/10s"


class RateBudget(Protocol):
    """Permission to send one request."""

    def acquire(self) -> None:
        """Return when one request may be sent."""


class NoBudget:
    """No limit: for the emulator that a run starts for itself."""

    def acquire(self) -> None:
        """Return at once."""


class SharedBudget:
    """`requests` per `seconds` in any sliding window, shared by every process that names the same file."""

    def __init__(self, requests: int, seconds: float, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rate = Rate(max(1, int(requests * MARGIN)), max(1, int(seconds * 1000)))
        bucket = SQLiteBucket.init_from_file([rate], db_path=str(path), use_file_lock=True)
        self._limiter = Limiter(bucket)

    def acquire(self) -> None:
        """Wait for permission to send one request."""
        self._limiter.try_acquire("organisation")


def parse_rate(text: str) -> tuple[int, float] | None:
    """`500/10s` -> (500, 10.0); `off` -> None. UsageError for anything else."""
    if text.strip().lower() == "off":
        return None
    match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*s\s*", text)
    if match is None or int(match[1]) == 0 or float(match[2] or 1) == 0:
        raise UsageError(f'rate "{text}" is not understood. Write requests per seconds, such as 500/10s, or off')
    return int(match[1]), float(match[2] or 1)
