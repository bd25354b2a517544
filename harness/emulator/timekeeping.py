"""The one who looks at the clock: runs what is due, in order, when time runs on and when a test moves it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from harness.core import iso_utc
from harness.emulator.agenda import Agenda
from harness.emulator.clock import EmulatorClock, from_millis, to_millis
from harness.emulator.errors import invalid_request

Fields = dict[str, Any]
Handler = Callable[[Mapping[str, Any]], None]
Frame = Callable[[], AbstractContextManager[None]]
POLL = 1.0
"""Seconds between two looks at the agenda when nothing here says that something is due: another process may have
added to it, or changed the clock."""
LOOK = 0.05
"""Seconds between two looks of a request that waits, should nothing wake it: time runs on, other processes work."""
FARTHEST = timedelta(days=3660)


class Timekeeper:
    """Runs due tasks by their handlers, each inside a `frame`. `settle` waits for what tasks have set going, such as
    deliveries; `next_due` tells of due things that are not on the agenda, in Unix milliseconds."""

    def __init__(self, clock: EmulatorClock, agenda: Agenda, handlers: Mapping[str, Handler], frame: Frame) -> None:
        self._clock, self._agenda, self._handlers, self._frame = clock, agenda, dict(handlers), frame
        self._lock = asyncio.Lock()
        self._woken, self._moved = asyncio.Event(), asyncio.Event()
        self.settle: Callable[[], Awaitable[None]] = _settled
        self.next_due: Callable[[], int | None] = _never
        agenda.on_change = self.wake

    def handle(self, task: str, handler: Handler) -> None:
        """Register the handler of one more task."""
        self._handlers[task] = handler

    def wake(self) -> None:
        """Look at the agenda now."""
        self._woken.set()

    async def until(self, come: Callable[[], bool]) -> None:
        """Return once `come()` holds; looked at whenever something due was done and whenever the clock was moved."""
        while not come():
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), LOOK)
            except TimeoutError:
                continue

    async def run(self) -> None:
        """Do what becomes due, until cancelled."""
        while True:
            self._woken.clear()
            async with self._lock:
                self._clock.refresh()
                self._run_until(self._clock.now())
            try:
                await asyncio.wait_for(self._woken.wait(), self._pause())
            except TimeoutError:
                continue

    async def advance(self, until: datetime) -> None:
        """Move the clock forward, doing at its own instant everything that becomes due on the way."""
        async with self._lock:
            while (at := self._earliest()) is not None and from_millis(at) <= until:
                self._clock.move(from_millis(at))
                self._run_until(self._clock.now())
                await self.settle()
            self._clock.move(until)
            self._moved.set()
            await self.settle()

    async def administer(self, body: Mapping[str, Any]) -> Fields:
        """`POST /_emulator/clock`: `{"freeze": true}`, `{"advance": seconds}`, `{"set": "2025-07-01T00:00:00Z"}` or
        `{"resume": true}`; several are done in this order. Answers like `shown`."""
        unknown = set(body) - {"freeze", "advance", "set", "resume"}
        if unknown or not body:
            raise invalid_request("The clock understands freeze, advance, set and resume.")
        if body.get("freeze"):
            self._clock.freeze()
        if "advance" in body:
            seconds = body["advance"]
            if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
                raise invalid_request("advance is a number of seconds, not below 0.", field="advance")
            await self._forward(self._clock.now() + timedelta(seconds=seconds), "advance")
        if "set" in body:
            await self._forward(_instant(body["set"]), "set")
        if body.get("resume"):
            self._clock.resume()
        self.wake()
        return self.shown()

    async def _forward(self, instant: datetime, field: str) -> None:
        now = self._clock.now()
        if instant < now:
            raise invalid_request(f"Time does not go back: it is {iso_utc(now)}.", field=field)
        if instant - now > FARTHEST:
            raise invalid_request(f"At most {FARTHEST.days} days at once.", field=field)
        await self.advance(instant)

    def shown(self) -> Fields:
        """`GET /_emulator/clock`: the instant, whether it stands, and what is due next."""
        due = [{"task": due.task, "at": iso_utc(from_millis(due.at)), "about": due.id.split(":", 3)[-1]}
               for due in self._agenda.all()]  # fmt: skip
        return {"now": iso_utc(self._clock.now()), "frozen": self._clock.frozen, "due": due}

    def _run_until(self, until: datetime) -> None:
        while self._do_next(until):
            self._moved.set()

    def _do_next(self, until: datetime) -> bool:
        """Take the next due thing and do it, both or neither; whether there was one."""
        with self._agenda.transaction(), self._frame():
            due = self._agenda.take(until)
            if due is not None and due.task in self._handlers:
                self._handlers[due.task](due.body)
        return due is not None

    def _earliest(self) -> int | None:
        first = self._agenda.first()
        return min((at for at in (first.at if first else None, self.next_due()) if at is not None), default=None)

    def _pause(self) -> float:
        at = self._earliest()
        if at is None or self._clock.frozen:
            return POLL
        return min(POLL, max(0.0, (at - to_millis(self._clock.now())) / 1000))


def _instant(text: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        raise invalid_request("set is an ISO 8601 instant.", field="set") from None
    if instant.tzinfo is None:
        raise invalid_request("set needs a time zone, such as 2025-07-01T00:00:00Z.", field="set")
    return instant


async def _settled() -> None:
    """Nothing was set going."""


def _never() -> int | None:
    """Nothing else is due."""
    return None
