"""The rate budget of the organisation, shared by all workers of all processes: a sliding log of places to reserve.

At most L requests in any window W (500 per 10 seconds, [H:7238576299]). The log has L places, and request n takes the
place of request n - L: it may be sent W after that one has arrived. When a request arrived is not known; not before its
permission, and not after its answer. So a place is free W + J after the permission, and when the answer came later than
J, W after the answer. However slow the way, no window sees more than L, and the slowness is all that is lost. Who has
reserved a place again before that answer hears of it when its turn has come. The one exception: a request that is not
answered by then, more than W + J after its permission, may arrive in the window of the next one.

First come, first served, without polling. Processes of one machine share a file, several machines their PostgreSQL.

Not `harness.client.budget`: its bucket is unfair to some processes, knows one machine, and gives a margin away. Not
`harness.rollout.slots`: an initial sync is to use each window at once, and needs no even spacing.
"""

import fcntl
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Float, cast, func, select, update

from harness.backend.database import Database
from harness.backend.schema import PLACES
from harness.errors import StorageError

JITTER = 0.05
"""Seconds from permission to answer that are always counted: only slower answers are noted."""
AHEAD = 3600.0
"""A place so many seconds ahead of now is of another boot of the machine, and does not count."""
COUNTER, LATE = -1, -2
"""Rows that are no places: how many were reserved, and, from there downwards, how late each place has been in all."""
_DOUBLE = struct.Struct("d")


@dataclass(frozen=True, slots=True)
class Place:
    """A reserved place: its number, its request may be sent `wait` seconds from now. `late` is by how much all requests
    of that place had been late until it was reserved, in seconds."""

    number: int
    wait: float
    late: float


class Log(Protocol):
    """Where the places are kept. Waits are differences from now, so that clocks need not agree."""

    def reserve(self) -> Place:
        """Take the next place."""

    def delay(self, place: Place, seconds: float) -> None:
        """The request of a place arrived up to so many seconds after it was due."""

    def late(self, place: Place) -> float:
        """By how much all requests of a place have been late by now, in seconds."""

    def taken(self, seconds: float) -> int:
        """How many requests were permitted within so many seconds before now."""


@dataclass(frozen=True, slots=True)
class LogBudget:
    """A limit of `requests` per `window` seconds, kept in `log`."""

    log: Log
    requests: int
    window: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def used(self) -> float:
        """The share of the limit that the last window used."""
        return self.log.taken(self.window) / self.requests

    def turns(self) -> "Turns":
        """Permissions for one thread."""
        return Turns(self)


class Turns:
    """Permission to send one request after the other: a `harness.client.RateBudget` that is told of answers."""

    def __init__(self, budget: LogBudget) -> None:
        self._budget = budget
        self._turn: tuple[Place, float] | None = None

    def acquire(self) -> None:
        """Return when one request may be sent."""
        asked = self._budget.now()
        place = self._budget.log.reserve()
        # The log looked at its clock somewhen between: permission counts from after, lateness from before.
        due, late = asked + place.wait, place.late
        if place.wait > 0:
            self._budget.sleep(place.wait)
            # Who had the place before may have got its answer meanwhile, later than was counted.
            while (told := self._budget.log.late(place)) > late:
                due, late = due + told - late, told
                self._budget.sleep(max(0.0, due - self._budget.now()))
        self._turn = (place, due)

    def answered(self) -> None:
        """The request that was permitted last has its answer, or never gets one."""
        if self._turn is None:
            return
        place, due = self._turn
        self._turn = None
        late = self._budget.now() - due
        if late > JITTER:
            self._budget.log.delay(place, late - JITTER)


class FileLog:
    """The places in a file that every process of this machine maps. The clock is the machine's monotonic one; the lock
    of a process that dies comes back by itself."""

    def __init__(self, path: Path, requests: int, window: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._apart = window + JITTER
        self._now = now
        self._threads = threading.Lock()
        self._places = struct.Struct(f"{requests}d")
        self._head = struct.Struct("Qdd")
        self._limit = (float(requests), window)
        self._requests = requests
        size = self._head.size + 2 * self._places.size  # when each place was due last, and how late it has been in all
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                os.ftruncate(self._file, size)
                self._memory = mmap.mmap(self._file, size)
                if self._head.unpack_from(self._memory)[1:] != self._limit:  # a new file, or that of another limit
                    self._memory[:] = bytes(size)
                    self._head.pack_into(self._memory, 0, 0, *self._limit)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        except OSError as error:
            raise StorageError(f"{path}: the rate budget cannot be kept there: {error.strerror or error}") from error

    def reserve(self) -> Place:
        """Take the next place."""
        with self._alone():
            now = self._now()
            count = self._head.unpack_from(self._memory)[0]
            number = count % self._requests
            before = self._at(number)
            due = max(now, before + self._apart) if 0 < before < now + AHEAD else now
            _DOUBLE.pack_into(self._memory, self._offset(number), due)
            self._head.pack_into(self._memory, 0, count + 1, *self._limit)
            late = self._at(number + self._requests)
        return Place(number, due - now, late)

    def delay(self, place: Place, seconds: float) -> None:
        """The request of a place arrived late: who has reserved it meanwhile is as much later, or hears of it."""
        with self._alone():
            for number in (place.number, place.number + self._requests):
                _DOUBLE.pack_into(self._memory, self._offset(number), self._at(number) + seconds)

    def late(self, place: Place) -> float:
        """By how much the requests of a place have been late."""
        with self._alone():
            return self._at(place.number + self._requests)

    def taken(self, seconds: float) -> int:
        """How many requests were permitted lately."""
        now = self._now()
        places = self._places.unpack_from(self._memory, self._head.size)
        return sum(now - seconds < moment <= now for moment in places)

    def close(self) -> None:
        """Unmap and close."""
        self._memory.close()
        os.close(self._file)

    def _offset(self, number: int) -> int:
        return self._head.size + _DOUBLE.size * number

    def _at(self, number: int) -> float:
        return float(_DOUBLE.unpack_from(self._memory, self._offset(number))[0])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._threads:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


class DatabaseLog:
    """The places as rows of a PostgreSQL, by its clock, for several machines. Who holds the row that counts is next."""

    def __init__(self, database: Database, requests: int, window: float) -> None:
        self._database = database
        self._requests = requests
        self._apart = window + JITTER

    def reserve(self) -> Place:
        """Take the next place."""
        counted = self._database.upsert(PLACES).values(place=COUNTER, at=1.0)
        counted = counted.on_conflict_do_update(index_elements=[PLACES.c.place], set_={"at": PLACES.c.at + 1.0})
        with self._database.begin(durable=False) as connection:
            number = int(connection.execute(counted.returning(PLACES.c.at)).scalar_one()) % self._requests
            now = float(connection.execute(select(_CLOCK)).scalar_one())
            taken = self._database.upsert(PLACES).values(place=number, at=now)
            taken = taken.on_conflict_do_update(
                index_elements=[PLACES.c.place], set_={"at": func.greatest(now, PLACES.c.at + self._apart)}
            )
            due = float(connection.execute(taken.returning(PLACES.c.at)).scalar_one())
            return Place(number, due - now, _lateness(connection, number))

    def delay(self, place: Place, seconds: float) -> None:
        """The request of a place arrived late: who has reserved it meanwhile is as much later, or hears of it."""
        later = update(PLACES).where(PLACES.c.place == place.number).values(at=PLACES.c.at + seconds)
        late = self._database.upsert(PLACES).values(place=LATE - place.number, at=seconds)
        late = late.on_conflict_do_update(index_elements=[PLACES.c.place], set_={"at": PLACES.c.at + seconds})
        with self._database.begin(durable=False) as connection:
            connection.execute(later)
            connection.execute(late)

    def late(self, place: Place) -> float:
        """By how much the requests of a place have been late."""
        with self._database.begin(durable=False) as connection:
            return _lateness(connection, place.number)

    def taken(self, seconds: float) -> int:
        """How many requests were permitted lately."""
        lately = (PLACES.c.place >= 0) & (PLACES.c.at > _CLOCK - seconds) & (PLACES.c.at <= _CLOCK)
        with self._database.begin(durable=False) as connection:
            return int(connection.execute(select(func.count()).where(lately)).scalar_one())


def _lateness(connection: Connection, number: int) -> float:
    row = connection.execute(select(PLACES.c.at).where(PLACES.c.place == LATE - number)).first()
    return float(row.at) if row is not None else 0.0


_CLOCK = cast(func.extract("epoch", func.clock_timestamp()), Float)
