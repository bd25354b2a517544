"""One rate budget for every process: a slot is reserved, then waited for.

`next = max(next, now) + T` in one atomic step, in a memory-mapped file with a lock (processes of one machine, no
server) or in Redis (several machines). First come, first served, and a process that dies holds nothing: the kernel
gives its lock back, and at most the one slot that it had reserved stays unused. At the pace L / (W + J) no sliding
window W ever sees more than L requests while permission and arrival differ by at most J. A slot that is noticed later
than half of J is given up for a new one, so that a starved process is slow instead of breaking the limit.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from harness.errors import HarnessError, StorageError

STALE = 3600.0
"""Seconds; a next slot further away is of another boot of the machine, and does not count."""
_DOUBLE = struct.Struct("d")


class SlotStore(Protocol):
    """Where the next free slot is kept. Times are differences from now, so that clocks need not agree."""

    def reserve(self, interval: float) -> float:
        """Take the next slot; how many seconds from now it is."""

    def postpone(self, seconds: float) -> None:
        """No slot before so many seconds from now: the target said stop."""

    def charge(self, requests: int, interval: float, ago: float) -> None:
        """Count requests that were sent outside of the budget, the first of them `ago` seconds ago."""


class FileSlots:
    """Eight bytes in a file that every process of this machine maps. The clock is the machine's monotonic one."""

    def __init__(self, path: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._threads = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            if os.fstat(self._file).st_size < _DOUBLE.size:
                os.ftruncate(self._file, _DOUBLE.size)
            self._memory = mmap.mmap(self._file, _DOUBLE.size)
        except OSError as error:
            raise StorageError(f"{path}: the rate budget cannot be kept there: {error.strerror or error}") from error

    def reserve(self, interval: float) -> float:
        """Take the next slot; how many seconds from now it is."""
        return self._change(lambda following, now: (max(following, now), max(following, now) + interval))

    def postpone(self, seconds: float) -> None:
        """No slot before so many seconds from now."""
        self._change(lambda following, now: (0.0, max(following, now + seconds)))

    def charge(self, requests: int, interval: float, ago: float) -> None:
        """Count requests that were sent outside of the budget."""
        self._change(lambda following, now: (0.0, max(following, now - ago) + requests * interval))

    def close(self) -> None:
        """Unmap and close."""
        self._memory.close()
        os.close(self._file)

    def _change(self, step: Callable[[float, float], tuple[float, float]]) -> float:
        with self._threads:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                now = self._now()
                (following,) = _DOUBLE.unpack_from(self._memory)
                if not -STALE < following - now < STALE:
                    following = 0.0
                slot, following = step(following, now)
                _DOUBLE.pack_into(self._memory, 0, following)
                return max(0.0, slot - now)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


_STEP = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local following = tonumber(redis.call('GET', KEYS[1]) or '0')
local slot = math.max(following, now + tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.6f', slot + tonumber(ARGV[2])), 'EX', 3600)
return string.format('%.6f', slot - now)
"""


class RedisSlots:
    """The same in Redis, by its clock: for several machines. One atomic script a request."""

    def __init__(self, url: str, key: str) -> None:
        try:
            import redis
        except ImportError as error:
            raise HarnessError('a budget in Redis needs the package redis: pip install "golive[redis]"') from error
        self._client: Any = redis.Redis.from_url(url)
        self._key = key
        self._script: Any = self._client.register_script(_STEP)
        self._problem: type[Exception] = redis.RedisError

    def reserve(self, interval: float) -> float:
        """Take the next slot; how many seconds from now it is."""
        return max(0.0, self._run(0.0, interval))

    def postpone(self, seconds: float) -> None:
        """No slot before so many seconds from now."""
        self._run(seconds, 0.0)

    def charge(self, requests: int, interval: float, ago: float) -> None:
        """Count requests that were sent outside of the budget."""
        self._run(-ago, requests * interval)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _run(self, earliest: float, after: float) -> float:
        try:
            return float(self._script(keys=[self._key], args=[earliest, after]))
        except self._problem as error:
            raise HarnessError(f"the rate budget in Redis cannot be reached: {error}") from error


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


def budget_file(base_url: str, client_id: str) -> Path:
    """Where the budget of an organisation is kept on this machine: one file for all runs of this user. Its name is a
    digest, the client id does not show."""
    name = hashlib.sha256(f"{base_url}\n{client_id}".encode()).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"golive-{os.getuid()}" / f"{name}.slots"


def open_slots(place: str) -> FileSlots | RedisSlots:
    """The store at a place: a path, or `redis://...` with the key after `#`."""
    if place.startswith(("redis://", "rediss://", "unix://")):
        url, _, key = place.partition("#")
        return RedisSlots(url, key or "golive:slots")
    return FileSlots(Path(place))
