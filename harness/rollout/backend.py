"""The seam to an integration backend: what it tells of its webhook queue while load is on.

`GET {backend}/golive/queue` answers `{"backlog": 12, "oldest_seconds": 3.5, "processed": 4711, "version": "2.4.0"}`:
webhooks that wait, the age of the oldest of them (0 without), how many distinct ones were processed since it started,
and its version for the rollout ledger. Webhooks are delivered to `POST {backend}/webhooks`, signed: by the emulator
where the target is one, which raises them when the load test asks for it, otherwise by the load test itself.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from harness.errors import TargetUnreachable, UsageError
from harness.rollout.asking import ask

QUEUE_PATH = "/golive/queue"
WEBHOOK_PATH = "/webhooks"
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class QueueState:
    """One look at the queue."""

    backlog: int
    oldest_seconds: float
    processed: int
    version: str | None = None


@dataclass
class Queue:
    """All looks of a test: (seconds after the start, state). `processed` counts those of this test. `raised` distinct
    webhooks had to be processed by the last look, None when only the generator's own are known; `undelivered` of them
    were still on their way."""

    states: list[tuple[float, QueueState]] = field(default_factory=list)
    silences: list[tuple[float, str]] = field(default_factory=list)
    """Looks that were not answered as documented, and why."""
    raised: int | None = None
    undelivered: int = 0
    tried: int | None = None
    """Deliveries that the backend was asked to take, `refused` of which it did not; None when only the generator's own
    are known. `slowest`: seconds between the first and the last try of one."""
    refused: int = 0
    slowest: float = 0.0

    @property
    def processed(self) -> int:
        """Webhooks processed between the first and the last look."""
        return self.states[-1][1].processed - self.states[0][1].processed if self.states else 0


def look(base_url: str) -> QueueState:
    """Ask the backend; TargetUnreachable when it does not answer as above."""
    url = base_url.rstrip("/") + QUEUE_PATH
    try:
        told = ask(url, patience=PATIENCE)
        return QueueState(
            backlog=int(_from_zero(told, "backlog")),
            oldest_seconds=_from_zero(told, "oldest_seconds"),
            processed=int(_from_zero(told, "processed")),
            version=str(told["version"]) if told.get("version") is not None else None,
        )
    except UsageError as error:
        raise TargetUnreachable(f"the backend does not tell its queue: {error}") from error
    except TargetUnreachable as error:
        raise TargetUnreachable(f"{error}. Is the backend running?") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TargetUnreachable(
            f'{url} does not tell its queue: expected {{"backlog", "oldest_seconds", "processed"}}, {error!r}'
        ) from error


def _from_zero(told: Any, name: str) -> float:
    value = float(told[name] or 0)
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} is {value:g}")
    return value
