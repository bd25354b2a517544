"""The emulator's time: the machine's until a test freezes, moves or resumes it; whole milliseconds, never back."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from harness.core import Clock, SystemClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class ClockState:
    """What a clock is besides the machine's time; kept in the store so that a restart goes on with it.

    `frozen_at`: the instant at which it stands, in Unix milliseconds; None while it runs. `offset`: how far it is
    ahead of the machine while it runs, in milliseconds.
    """

    frozen_at: int | None = None
    offset: int = 0


class EmulatorClock:
    """`now` reads, `tick` reads and moves: every write gets its own millisecond, so `updated_at` always grows. At
    first it runs, or stands at `frozen_at`."""

    def __init__(self, frozen_at: datetime | None = None, source: Clock | None = None) -> None:
        self._source = source or SystemClock()
        self._first = ClockState(frozen_at=to_millis(frozen_at) if frozen_at else None)
        self._last = 0
        self.state = self._first
        self._keep: Callable[[Any], None] = _forget
        self._read: Callable[[], Any] = _nothing
        self._raised: Callable[[int], int] | None = None

    def attach(self, read: Callable[[], Any], keep: Callable[[Any], None], raised: Callable[[int], int] | None) -> None:
        """Go on with the state that `read` gives (None: a clock that was never touched), keep every later one with
        `keep`. `raised` (at least: Unix milliseconds) gives the next tick where ticks grow over restarts and processes.
        """
        self._read, self._keep, self._raised = read, keep, raised
        if read() is None and self._first.frozen_at is not None:
            keep(asdict(self._first))
        self.refresh()

    def refresh(self) -> None:
        """Take the kept state again: another process may have changed it."""
        state = self._read()
        self.state = ClockState(**state) if state else self._first

    def now(self) -> datetime:
        """The current instant, whole milliseconds, timezone-aware UTC."""
        return from_millis(max(self._reading(), self._last))

    def tick(self) -> datetime:
        """An instant later than every one that `tick` gave before."""
        self._last = max(self._reading(), self._last + 1)
        if self._raised is not None:
            self._last = self._raised(self._last)
        return from_millis(self._last)

    def monotonic(self) -> float:
        """Seconds of the machine that only grow, for the rate limit's window: freezing does not stop requests."""
        return self._source.monotonic()

    def machine(self) -> float:
        """Unix seconds of the machine, which all processes on it share."""
        return self._source.now().timestamp()

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self.state.frozen_at is not None

    def freeze(self) -> None:
        """Stand still at the present instant."""
        self._change(ClockState(frozen_at=to_millis(self.now())))

    def resume(self) -> None:
        """Run on from the present instant, at the machine's pace."""
        self._change(ClockState(offset=to_millis(self.now()) - to_millis(self._source.now())))

    def move(self, instant: datetime) -> None:
        """Go forward to `instant`; nothing happens when it is past: time never goes back."""
        ahead = to_millis(instant) - to_millis(self.now())
        if ahead <= 0:
            return
        if self.frozen:
            self._change(ClockState(frozen_at=to_millis(instant)))
        else:
            self._change(ClockState(offset=self.state.offset + ahead))

    def _change(self, state: ClockState) -> None:
        self.state = state
        self._keep(asdict(state))

    def _reading(self) -> int:
        """Unix milliseconds, wherever earlier ticks stand."""
        if self.state.frozen_at is not None:
            return self.state.frozen_at
        return to_millis(self._source.now()) + self.state.offset


def _nothing() -> None:
    """Nothing was kept."""


def _forget(_state: Any) -> None:
    """Keep nothing: a clock without a store."""


def to_millis(instant: datetime) -> int:
    """Unix milliseconds, as the `*_min` and `*_max` parameters count. Source: [S24] x-time-unit."""
    return (instant - EPOCH) // MILLISECOND


def from_millis(millis: int) -> datetime:
    """The inverse of `to_millis`."""
    return EPOCH + timedelta(milliseconds=millis)


@lru_cache(maxsize=1024)
def read_millis(text: str) -> int | None:
    """Unix milliseconds of an ISO date or date-time, UTC when it names no zone; None when it is neither."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return to_millis(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
