"""The log of deliveries, as records: every one with its exact body, its attempts and how it ended."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from harness.emulator.documents import Documents

KIND, WAITING = "delivery", "outbox"
"""The whole deliveries, and of those that wait `{at, number}`: a start reads only the latter."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint. `at`: when the next attempt is due, Unix milliseconds. `state`: waiting,
    delivered, failed (all attempts were refused) or dropped (by abuse, or because its endpoint was removed).
    `attempts`: `{at, status | error, signature, rightly_signed}` in order. `copy_of`: the delivery that this one
    repeats, None for a first."""

    id: str
    number: int
    endpoint: str
    url: str
    code: str
    connection: str | None
    body: str
    at: int
    state: str = "waiting"
    attempts: tuple[Mapping[str, Any], ...] = ()
    copy_of: str | None = None

    def tried(self, attempt: Mapping[str, Any], state: str, at: int) -> "Delivery":
        """The delivery after one more attempt."""
        return replace(self, attempts=(*self.attempts, attempt), state=state, at=at)

    def kept(self) -> dict[str, Any]:
        """As a record. Written out: `asdict` copies deeply, and that took a quarter of the time of a delivery."""
        return {name: getattr(self, name) for name in NAMES}

    def shown(self) -> dict[str, Any]:
        """As `/_emulator/webhooks/deliveries` shows it: the body as it was sent, and parsed beside it."""
        return {**self.kept(), "payload": json.loads(self.body)}


NAMES = tuple(item.name for item in fields(Delivery))


class Deliveries:
    """The deliveries of one emulator."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    def keep(self, deliveries: Sequence[Delivery]) -> None:
        """Keep new ones, or what attempts have made of some."""
        waiting = [item for item in deliveries if item.state == "waiting"]
        self._store.keep_many(KIND, [(item.id, item.kept()) for item in deliveries])
        self._store.keep_many(WAITING, [(item.id, {"at": item.at, "number": item.number}) for item in waiting])
        self._store.forget_many(WAITING, [item.id for item in deliveries if item.state != "waiting"])

    def waiting(self) -> Iterator[tuple[int, int, str]]:
        """(at, number, id) of those that wait."""
        for id, body in self._store.recall(WAITING):
            yield body["at"], body["number"], id

    def find(self, id: str) -> Delivery | None:
        """One delivery; None when there is none."""
        body = self._store.record(KIND, id)
        return _delivery(body) if body else None

    def all(self) -> list[Delivery]:
        """Every delivery in the order in which they were begun."""
        return sorted((_delivery(body) for _, body in self._store.recall(KIND)), key=lambda item: item.number)

    def clear(self) -> None:
        """Forget those that have ended."""
        self._store.forget_many(KIND, [item.id for item in self.all() if item.state != "waiting"])


def _delivery(body: Mapping[str, Any]) -> Delivery:
    return Delivery(**{**body, "attempts": tuple(body["attempts"])})
