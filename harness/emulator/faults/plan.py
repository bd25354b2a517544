"""What the faults that are on do to one request."""

import json
import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from harness.core import iso_utc
from harness.emulator.errors import ApiError, internal_error, platform_rate_limited, rate_limited
from harness.emulator.faults.registry import Switch, parse
from harness.emulator.messages import Answer
from harness.emulator.settings import EmulatorSettings

STAMPS = frozenset({"created_at", "updated_at", "last_synced_at"})
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
Seen = Mapping[str, str]


@dataclass(slots=True)
class Plan:
    """One request's lot: wait, answer early, spoil the answer, break it off. `dropped`: close without a byte."""

    delay: float = 0.0
    early: Answer | None = None
    late: Answer | None = None
    """Sent in place of the answer, after everything was done."""
    cut: float | None = None
    dropped: bool = False
    done: bool = True
    """Whether the request is handled at all."""
    slow: bool = False
    skew: float = 0.0


@dataclass(slots=True)
class _On:
    switch: Switch
    chance: random.Random
    met: int = 0
    hit: int = 0


@dataclass
class Faults:
    """The faults of one emulator. `now` gives seconds that only grow."""

    settings: EmulatorSettings
    now: Callable[[], float]
    _on: list[_On] = field(default_factory=list)

    @property
    def on(self) -> bool:
        """Whether any is."""
        return bool(self._on)

    def switch(self, texts: Iterable[str]) -> None:
        """Switch these on and all others off; UsageError leaves everything as it is."""
        switches = [parse(text) for text in texts]
        self._on = [_On(item, random.Random(f"{item.where['seed']}:{number}")) for number, item in  # noqa: S311 - repeatable chance, no secret
                    enumerate(switches)]  # fmt: skip

    def shown(self) -> list[dict[str, Any]]:
        """What is on, and how often it has hit."""
        return [{"fault": item.switch.text, "met": item.met, "hit": item.hit} for item in self._on]

    def plan(self, look: Callable[[], Seen]) -> Plan | None:
        """What happens to a request; None when nothing does. `look` tells the request, where a fault is on."""
        plan: Plan | None = None
        seen = look() if self._on else {}
        for item in self._on:
            if item.switch.meets(seen) and self._falls(item):
                plan = plan or Plan()
                _RULES[item.switch.name](self, plan, item)
        return plan

    def _falls(self, item: _On) -> bool:
        where = item.switch.where
        item.met += 1
        if item.met <= where["skip"] or (where["count"] and item.hit >= where["count"]):
            return False
        if where["p"] < 1 and item.chance.random() >= where["p"]:
            return False
        item.hit += 1
        return True

    def _latency(self, plan: Plan, item: _On) -> None:
        plan.delay += min(_drawn(item.switch.options, item.chance), item.switch.options["most"])

    def _stall(self, plan: Plan, item: _On) -> None:
        plan.delay += item.switch.options["seconds"]

    def _drop(self, plan: Plan, item: _On) -> None:
        plan.dropped = True
        plan.done = plan.done and item.switch.name == "drop_after"

    def _truncate(self, plan: Plan, item: _On) -> None:
        plan.cut = item.switch.options["fraction"]

    def _error(self, plan: Plan, item: _On) -> None:
        answer = _answer(internal_error(item.switch.options["status"]))
        if item.switch.name == "error_after":
            plan.late = answer
        else:
            plan.early = answer

    def _gateway(self, plan: Plan, item: _On) -> None:
        plan.early = Answer(item.switch.options["status"], PAGE, {"content-type": "text/html"})

    def _storm(self, plan: Plan, item: _On) -> None:
        every, length = item.switch.options["every"], item.switch.options["for"]
        rest = length - self.now() % every if length else every
        if rest <= 0:
            return
        limited = item.switch.name == "rate_limit_storm"
        plan.early = _answer(rate_limited(self.settings, rest) if limited else platform_rate_limited())

    def _slow(self, plan: Plan, _item: _On) -> None:
        plan.slow = True

    def _skewed(self, plan: Plan, item: _On) -> None:
        plan.skew += item.switch.options["seconds"]


_RULES: Mapping[str, Callable[[Faults, Plan, _On], None]] = {
    "latency": Faults._latency,  # noqa: SLF001 - the table belongs to the class
    "stall": Faults._stall,  # noqa: SLF001 - as above
    "drop": Faults._drop,  # noqa: SLF001 - as above
    "drop_after": Faults._drop,  # noqa: SLF001 - as above
    "truncate": Faults._truncate,  # noqa: SLF001 - as above
    "error_before": Faults._error,  # noqa: SLF001 - as above
    "error_after": Faults._error,  # noqa: SLF001 - as above
    "bad_gateway": Faults._gateway,  # noqa: SLF001 - as above
    "rate_limit_storm": Faults._storm,  # noqa: SLF001 - as above
    "platform_limit_storm": Faults._storm,  # noqa: SLF001 - as above
    "slow_platform": Faults._slow,  # noqa: SLF001 - as above
    "clock_skew": Faults._skewed,  # noqa: SLF001 - as above
}


def _drawn(options: Mapping[str, Any], chance: random.Random) -> float:
    """Seconds, never negative, drawn from the distribution; `mean` is its mean."""
    mean, spread = options["mean"], options["spread"]
    match options["distribution"]:
        case "uniform":
            drawn = chance.uniform(mean - spread, mean + spread)
        case "normal":
            drawn = chance.gauss(mean, spread)
        case "lognormal":
            sigma = math.sqrt(math.log(1 + (spread / mean) ** 2)) if mean else 0.0
            drawn = chance.lognormvariate(math.log(mean) - sigma**2 / 2, sigma) if mean else 0.0
        case "exponential":
            drawn = chance.expovariate(1 / mean) if mean else 0.0
        case "pareto":
            drawn = mean / 3 * chance.paretovariate(1.5)
        case _:
            drawn = mean
    return max(0.0, drawn)


def _answer(error: ApiError) -> Answer:
    return Answer(error.status, json.dumps(error.body()).encode(), dict(error.headers))


def skewed(answer: Answer, seconds: float, now: datetime) -> None:
    """Move the stamps of an answer: the API's clock is off."""
    answer.headers["date"] = f"{now + timedelta(seconds=seconds):%a, %d %b %Y %H:%M:%S} GMT"
    try:
        body = json.loads(answer.content)
    except ValueError:
        return
    answer.content = json.dumps(_moved(body, timedelta(seconds=seconds)), ensure_ascii=False).encode()


def _moved(value: Any, by: timedelta, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _moved(item, by, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, by) for item in value]
    if name in STAMPS and isinstance(value, str) and value:
        return iso_utc(datetime.fromisoformat(value) + by)
    return value
