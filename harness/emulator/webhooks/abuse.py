"""What goes wrong with webhooks on demand: each kind switchable, seeded, so that a run can be repeated."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from harness.contract.loader import suggest
from harness.emulator.errors import invalid_request


@dataclass(frozen=True, slots=True)
class Abuse:
    """All kinds, each off at 0. Probabilities are between 0 and 1, times in seconds of the emulator's clock.

    `wrong_signature`: probability that an attempt is signed with another key; when it is refused, the retry is right.
    `duplicate`: probability that a delivered one is sent once more at once. `replay`: probability that the same bytes
    and signature come again `replay_after` later. `drop`: probability that an event is never sent. `delay`: added to
    every first attempt. `reorder`: each first attempt waits a random part of so long. `burst`: first attempts wait for
    the next multiple of so many seconds and then go out together.
    """

    wrong_signature: float = 0.0
    duplicate: float = 0.0
    replay: float = 0.0
    replay_after: float = 3600.0
    drop: float = 0.0
    delay: float = 0.0
    reorder: float = 0.0
    burst: float = 0.0
    seed: int = 0

    def strikes(self, kind: str, number: int, attempt: int = 1) -> bool:
        """Whether a probable kind happens to delivery `number`."""
        probability = float(getattr(self, kind))
        return probability > 0 and self._random(kind, number, attempt).random() < probability

    def wait(self, number: int, now: int) -> int:
        """How long the first attempt of delivery `number` waits, in milliseconds; `now` in Unix milliseconds."""
        wait = self.delay * 1000
        if self.reorder:
            wait += self.reorder * 1000 * self._random("reorder", number, 1).random()
        if self.burst:
            step = round(self.burst * 1000)
            wait += -(now + round(wait)) % step
        return round(wait)

    def _random(self, kind: str, number: int, attempt: int) -> random.Random:
        return random.Random(f"{self.seed}:{kind}:{number}:{attempt}")  # noqa: S311 - seeded on purpose


def read_abuse(body: Mapping[str, Any]) -> Abuse:
    """The abuse that a request asks for; what it does not name is off. ApiError for what is not understood."""
    names = [item.name for item in fields(Abuse)]
    for name, value in body.items():
        if name not in names:
            raise invalid_request(f'unknown abuse "{name}"{suggest(name, names)}')
        highest = 1.0 if name in {"wrong_signature", "duplicate", "replay", "drop"} else float("inf")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= highest:
            raise invalid_request(f"{name} is a number from 0 to {highest}.", field=name)
    return Abuse(**body)


def shown(abuse: Abuse) -> dict[str, Any]:
    """As JSON."""
    return asdict(abuse)
