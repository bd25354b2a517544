"""When an attempt is repeated, and after how long. A flow without I/O: it is told exchanges and yields waits.

| answer | what a careful client does | source |
|---|---|---|
| 429 | exponential back-off for the whole organisation | [H:7238576299] |
| 452 | the same for this connection only: the platform's own limit | [H:7238576299], scope INFERRED |
| 5xx or no answer to a read | repeat, bounded | [D:implementation-guides/handling-errors] |
| 5xx or no answer to a write | indeterminate: never repeated, looked up instead | same |
| other 4xx | never repeated | same |
"""

import random
from collections.abc import Generator
from dataclasses import dataclass

from harness.core import Exchange

SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds in seconds and counts. `limited` counts attempts after 429 and 452, `failed` those after 5xx on reads."""

    limited: int = 6
    failed: int = 2
    base: float = 0.5
    longest: float = 10.0


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to wait before the next attempt, and who has to: `organisation` or `connection`."""

    seconds: float
    scope: str


def retrying(policy: RetryPolicy, seed: random.Random) -> Generator[Wait, Exchange, None]:
    """Send each exchange in; a yielded `Wait` asks for another attempt, the end of the generator for none."""
    exchange = yield Wait(0.0, "connection")
    limited = failed = 0
    while True:
        status = exchange.status
        if status in {429, 452} and limited < policy.limited:
            limited += 1
            scope = "organisation" if status == 429 else "connection"
            exchange = yield Wait(_pause(policy, limited, exchange, seed), scope)
        elif _may_repeat(exchange) and failed < policy.failed:
            failed += 1
            exchange = yield Wait(_pause(policy, failed, exchange, seed), "connection")
        else:
            return


def _may_repeat(exchange: Exchange) -> bool:
    failed = exchange.problem is not None or (exchange.status or 0) >= 500
    if exchange.request.method in SAFE:
        return failed
    return exchange.problem is not None and not exchange.problem.sent


def _pause(policy: RetryPolicy, count: int, exchange: Exchange, seed: random.Random) -> float:
    told = exchange.response.header("retry-after") if exchange.response else None
    if told is not None and told.strip().isdigit():
        return min(float(told), policy.longest)
    return min(policy.base * 2.0 ** (count - 1), policy.longest) * seed.uniform(0.5, 1.0)
