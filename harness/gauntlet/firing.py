"""The way to a receiver: shots over real connections, and a look at what it stored."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from harness.core import Clock, Secret, on_loopback
from harness.errors import TargetUnreachable, UsageError
from harness.gauntlet.model import Landing, Shot

TIMEOUT = 15.0
"""Seconds that a shot waits for its answer. The sender's own time-out is UNKNOWN."""
LANES = 16
LOOK_EVERY = 0.2


@dataclass
class Receiver:
    """A receiver under fire. `observe` is an address that shows what was stored, as JSON; `{mark}` in it is replaced by
    the connection id of the event that is looked for."""

    url: str
    secret: Secret
    clock: Clock
    new_secret: Secret | None = None
    observe: str | None = None
    timeout: float = TIMEOUT
    shots: int = 0
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        for address in filter(None, (self.url, self.observe)):
            if urlsplit(address).scheme not in {"http", "https"}:
                raise UsageError(f'"{address}" is no address: it starts with http:// or https://')
        limits = httpx.Limits(max_connections=LANES * 2, max_keepalive_connections=LANES * 2)
        self._client = httpx.Client(timeout=self.timeout, limits=limits, follow_redirects=False, trust_env=False)

    @property
    def is_loopback(self) -> bool:
        """Whether it runs on this machine."""
        return on_loopback(self.url)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def reach(self) -> None:
        """Raise TargetUnreachable when nothing listens."""
        try:
            self._client.get(self.url)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise TargetUnreachable(f"{self.url} cannot be reached: {error}. Is the receiver running?") from error
        except httpx.TransportError:
            return  # it listens; what it does with events is seen soon enough

    def comes_back(self, patience: float) -> bool:
        """Whether it listens, or does again within `patience` seconds."""
        deadline = self.clock.monotonic() + patience
        while True:
            try:
                self.reach()
            except TargetUnreachable:
                if self.clock.monotonic() > deadline:
                    return False
                self.clock.sleep(LOOK_EVERY)
                continue
            return True

    def fire(self, shot: Shot, *, alone: bool = False) -> Landing:
        """One shot; nothing is raised for what the receiver does. `alone` uses a connection of its own: a receiver may
        cut one off that it answered early, and the next shot must not run into that. A kept connection may be closed at
        any time: what broke on one is fired once more on its own."""
        self.shots += 1
        started = self.clock.monotonic()
        send = httpx.post if alone else self._client.post
        try:
            answer = send(self.url, content=shot.content, headers=list(shot.headers), timeout=self.timeout)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            if not alone:
                return self.fire(shot, alone=True)
            return Landing(shot, None, self.clock.monotonic() - started, type(error).__name__)
        except httpx.TransportError as error:
            return Landing(shot, None, self.clock.monotonic() - started, type(error).__name__)
        return Landing(shot, answer.status_code, self.clock.monotonic() - started)

    def volley(self, shots: Sequence[Shot], lanes: int = LANES, seconds: float = math.inf) -> list[Landing]:
        """Many shots over several connections at once; results in the order of the shots. After so many seconds no
        further one is fired."""
        deadline = self.clock.monotonic() + seconds

        def fire(shot: Shot) -> Landing | None:
            return self.fire(shot) if self.clock.monotonic() < deadline else None

        with ThreadPoolExecutor(max_workers=lanes) as pool:
            return [landing for landing in pool.map(fire, shots) if landing is not None]

    def fire_and_look(self, shots: Sequence[Shot]) -> list[tuple[Landing, bool]]:
        """Many shots at once, each looked for as soon as it is acknowledged: whether it was there."""

        def both(shot: Shot) -> tuple[Landing, bool]:
            landing = self.fire(shot)
            return landing, bool(landing.accepted and self.stored(shot.mark))

        with ThreadPoolExecutor(max_workers=LANES) as pool:
            return list(pool.map(both, shots))

    def stored(self, mark: str) -> list[Any] | None:
        """The JSON objects that name `mark`, each the smallest element of a list or the whole; None when nothing shows
        what is stored."""
        if self.observe is None:
            return None
        try:
            answer = self._client.get(self.observe.replace("{mark}", quote(mark, safe="")))
            body = answer.json()
        except (httpx.TransportError, ValueError) as error:
            raise TargetUnreachable(
                f"{self.observe} does not show what is stored as JSON: {type(error).__name__}. Correct --observe"
            ) from error
        return list(_holding(body, mark))

    def await_stored_all(self, mark: str, count: int, patience: float) -> list[Any]:
        """Look until `count` elements name `mark` or `patience` seconds are over."""
        deadline = self.clock.monotonic() + patience
        while True:
            found = self.stored(mark) or []
            if len(found) >= count or self.clock.monotonic() >= deadline:
                return found
            self.clock.sleep(LOOK_EVERY)

    def await_stored(self, mark: str, patience: float) -> list[Any]:
        """Look until `mark` is shown or `patience` seconds are over."""
        return self.await_stored_all(mark, 1, patience)

    def missing(self, marks: Iterable[str], patience: float) -> list[str]:
        """The marks that are not shown within `patience` seconds."""
        wanted = list(marks)
        deadline = self.clock.monotonic() + patience
        while True:
            wanted = [mark for mark in wanted if not self.stored(mark)]
            if not wanted or self.clock.monotonic() >= deadline:
                return wanted
            self.clock.sleep(LOOK_EVERY)


def _holding(value: Any, mark: str) -> Iterator[Any]:
    """Elements of lists that hold `mark`, the outermost list that has it; the whole value when it is in no list."""
    lists = list(_lists(value))
    for items in lists:
        found = [item for item in items if mark in json.dumps(item, ensure_ascii=False)]
        if found:
            yield from found
            return
    if not lists and mark in json.dumps(value, ensure_ascii=False):
        yield value


def _lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _lists(item)
