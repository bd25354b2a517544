"""Where the next free slot of one rate budget is kept, for every process that shares it.

`next = max(next, now) + T` in one atomic step: in a memory-mapped file with a lock (processes of one machine, no
server), in Redis or in PostgreSQL (several machines, by the clock of the server). First come, first served, and a
process that dies holds nothing: the kernel gives its lock back, a server ends its statement, and at most the one slot
that it had reserved stays unused.

Even spacing is what generated load needs, and only that: `harness.client.budget` (cases) and `harness.backend.budget`
(the reference integration) permit a window's worth at once, which is faster and would wreck percentiles here.
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
from urllib.parse import urlsplit, urlunsplit

from harness.errors import HarnessError, StorageError

REDIS, POSTGRESQL = ("redis://", "rediss://", "unix://"), ("postgresql://", "postgres://")
KEY = "golive:slots"
"""Of a budget on a server whose URL names none after `#`."""
ELSE = "Choose another place with --budget, or none for a file of this machine"
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
            raise StorageError(
                f"{path}: the rate budget cannot be kept there: {error.strerror or error}. {ELSE}"
            ) from error

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


class _OnServer:
    """Slots that a server hands out, in one round trip each: at `earliest` seconds from now, or later."""

    def reserve(self, interval: float) -> float:
        """Take the next slot; how many seconds from now it is."""
        return max(0.0, self._run(0.0, interval))

    def postpone(self, seconds: float) -> None:
        """No slot before so many seconds from now."""
        self._run(seconds, 0.0)

    def charge(self, requests: int, interval: float, ago: float) -> None:
        """Count requests that were sent outside of the budget."""
        self._run(-ago, requests * interval)

    def _run(self, earliest: float, after: float) -> float:
        raise NotImplementedError


_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local following = tonumber(redis.call('GET', KEYS[1]) or '0')
local slot = math.max(following, now + tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.6f', slot + tonumber(ARGV[2])), 'EX', 3600)
return string.format('%.6f', slot - now)
"""


class RedisSlots(_OnServer):
    """One key, changed by one atomic script."""

    def __init__(self, url: str, key: str) -> None:
        try:
            import redis
        except ImportError as error:
            raise HarnessError('a budget in Redis needs the package redis: pip install "golive[redis]"') from error
        self._client: Any = redis.Redis.from_url(url)
        self._key = key
        self._script: Any = self._client.register_script(_SCRIPT)
        self._problem: type[Exception] = redis.RedisError

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _run(self, earliest: float, after: float) -> float:
        try:
            return float(self._script(keys=[self._key], args=[earliest, after]))
        except self._problem as error:
            raise HarnessError(f"the rate budget in Redis cannot be reached: {error} {ELSE}") from error


_TABLE = """
SELECT pg_advisory_xact_lock(hashtext('golive_slots'));
CREATE TABLE IF NOT EXISTS golive_slots (key text PRIMARY KEY, following float8 NOT NULL) WITH (fillfactor = 10)
"""
_ROW = "INSERT INTO golive_slots VALUES (%s, 0) ON CONFLICT DO NOTHING"
_TAKE = """
UPDATE golive_slots AS kept SET following = greatest(
    CASE WHEN kept.following < clock.now + 3600 THEN kept.following ELSE 0 END, clock.now + %(earliest)s
) + %(after)s
FROM (SELECT extract(epoch FROM clock_timestamp())::float8 AS now) AS clock
WHERE key = %(key)s RETURNING kept.following - %(after)s - clock.now
"""


class PostgresSlots(_OnServer):
    """One row, changed by one statement that does not wait for the disk: after a crash of the server the budget begins
    anew."""

    def __init__(self, url: str, key: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise HarnessError(
                'a budget in PostgreSQL needs the package psycopg: pip install "golive[postgresql]"'
            ) from error
        self._problem: type[Exception] = psycopg.Error
        self._key = key
        try:
            self._connection: Any = psycopg.connect(url, autocommit=True, connect_timeout=10)
            self._connection.execute("SET synchronous_commit = off")
            with self._connection.transaction():
                self._connection.execute(_TABLE)
            self._connection.execute(_ROW, [key])
        except self._problem as error:
            raise HarnessError(f"the rate budget in PostgreSQL cannot be reached: {error} {ELSE}") from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _run(self, earliest: float, after: float) -> float:
        values = {"earliest": earliest, "after": after, "key": self._key}
        try:
            return float(self._connection.execute(_TAKE, values, prepare=True).fetchone()[0])
        except self._problem as error:
            raise HarnessError(f"the rate budget in PostgreSQL cannot be reached: {error} {ELSE}") from error


def budget_file(base_url: str, client_id: str) -> Path:
    """Where the budget of an organisation is kept on this machine: one file for all runs of this user. Its name is a
    digest, the client id does not show."""
    name = hashlib.sha256(f"{base_url}\n{client_id}".encode()).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"golive-{os.getuid()}" / f"{name}.slots"


def on_server(place: str) -> bool:
    """Whether a place is a server, not a file of this machine."""
    return place.startswith((*REDIS, *POSTGRESQL))


def without_secret(place: str) -> str:
    """A place as it may stand in a file: without user and password."""
    if not on_server(place):
        return place
    split = urlsplit(place)
    return urlunsplit(split._replace(netloc=split.netloc.rpartition("@")[2], query=""))


def open_slots(place: str) -> FileSlots | RedisSlots | PostgresSlots:
    """The store at a place: a path, or `redis://...` or `postgresql://...` with the name of the budget after `#`."""
    url, _, key = place.partition("#")
    if place.startswith(REDIS):
        return RedisSlots(url, key or KEY)
    if place.startswith(POSTGRESQL):
        return PostgresSlots(url, key or KEY)
    return FileSlots(Path(place))
