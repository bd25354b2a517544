"""A discrete-event simulation of the queue for the rate budget, by SimPy.

Requests of one moment and kind travel as one batch, so that a million connections cost no more events than a thousand.
The budget is one server with a fixed time per request; urgent batches go first, long ones are cut so that nobody waits
behind a whole storm. Waiting times are weighted by requests.
"""

import heapq
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import simpy

from harness.plan.rollout import Rollout, Stage, seconds
from harness.rollout.capacity import plan_capacity
from harness.rollout.demand import HOUR, URGENCY, average_per_hour, limit_of, new_connections, pages

BINS_PER_HOUR = 4
MOMENTS = 400_000
"""Arrivals of one flow are bundled into at most so many moments of the horizon, so that the events stay bounded."""
QUANTUM = 1.0
"""Seconds of budget that a batch may take before something more urgent gets its turn; less when less than a day is
simulated."""
LONGEST_DAYS = 14
JOIN_AT, BACKFILL_AT = 9.0, 19.0
"""Hours of the first day at which the new connections join and the backfill begins."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Arrivals of one kind. Either `per_second` as a function of the time in seconds, or `at` once `count` requests.
    `even` spaces them evenly, otherwise they are random (Poisson)."""

    name: str
    urgency: int
    per_second: Callable[[float], float] | None = None
    at: float = 0.0
    count: int = 0
    even: bool = False


@dataclass
class Waits:
    """Waiting times of one flow, weighted: log-linear buckets of two significant digits, in seconds."""

    requests: int = 0
    longest: float = 0.0
    ended: float = 0.0
    unserved: int = 0
    _buckets: dict[float, float] = field(default_factory=dict)

    def add(self, first: float, last: float, count: int) -> None:
        """`count` requests whose waits lie evenly between `first` and `last`."""
        parts = min(count, 8) if last > first * 1.01 else 1  # closer ones share a bucket anyway
        for index in range(parts):
            value = first + (last - first) * (index + 0.5) / parts
            key = float(f"{value:.2g}")
            self._buckets[key] = self._buckets.get(key, 0.0) + count / parts
        self.requests += count
        self.longest = max(self.longest, last)

    def quantile(self, share: float) -> float | None:
        """The wait that `share` of the requests do not exceed; None without any, or when too many were never served."""
        left = share * (sum(self._buckets.values()) + self.unserved)
        for value in sorted(self._buckets):
            left -= self._buckets[value]
            if left <= 1e-9:
                return value
        return None


@dataclass
class Simulated:
    """What happened, by flow. Per quarter of an hour: `used` requests sent, `queued` requests waiting at its end."""

    horizon: float
    rate: float
    waits: dict[str, Waits]
    used: dict[str, list[float]]
    queued: dict[str, list[float]]
    left: dict[str, int]
    events: int = 0


class _Queue:
    """Batches that wait, most urgent and oldest first, and the server that works them off."""

    def __init__(self, environment: simpy.Environment, result: Simulated) -> None:
        self.environment = environment
        self.result = result
        self._heap: list[tuple[int, float, int, str, int]] = []
        self._order = 0
        self._wake: simpy.Event = environment.event()

    def put(self, flow: Flow, count: int) -> None:
        """Requests arrive."""
        heapq.heappush(self._heap, (flow.urgency, self.environment.now, self._order, flow.name, count))
        self._order += 1
        self.result.left[flow.name] += count
        if not self._wake.triggered:
            self._wake.succeed()

    def serve(self) -> Any:
        """The process of the server."""
        each = 1 / self.result.rate
        most = max(1, math.floor(QUANTUM * min(1.0, self.result.horizon / (24 * HOUR)) / each))
        while True:
            if not self._heap:
                self._wake = self.environment.event()
                yield self._wake
                continue
            urgency, arrived, order, name, count = heapq.heappop(self._heap)
            now = self.environment.now
            taken = min(count, most)
            self.result.waits[name].add(now - arrived, now - arrived + (taken - 1) * each, taken)
            self.result.waits[name].ended = now + taken * each
            self.result.left[name] -= taken
            place = min(len(self.result.used[name]) - 1, int(now / HOUR * BINS_PER_HOUR))
            self.result.used[name][place] += taken
            self.result.events += 1
            if count > taken:
                heapq.heappush(self._heap, (urgency, arrived, order, name, count - taken))
            yield self.environment.timeout(taken * each)


def simulate(flows: Iterable[Flow], per_second: float, *, horizon: float, seed: int = 0) -> Simulated:
    """Play `horizon` seconds of arrivals against a budget of `per_second`."""
    kinds = list(flows)
    bins = max(1, math.ceil(horizon / HOUR * BINS_PER_HOUR))
    result = Simulated(
        horizon,
        per_second,
        {flow.name: Waits() for flow in kinds},
        {flow.name: [0.0] * bins for flow in kinds},
        {flow.name: [0.0] * bins for flow in kinds},
        {flow.name: 0 for flow in kinds},
    )
    environment = simpy.Environment()
    queue = _Queue(environment, result)
    environment.process(queue.serve())
    environment.process(_watch(environment, result, bins))
    for number, flow in enumerate(kinds):
        source = _once if flow.per_second is None else _stream
        environment.process(source(environment, queue, flow, horizon, random.Random(seed * 1009 + number)))  # noqa: S311
    environment.run(until=horizon)
    for name, waits in result.waits.items():
        waits.unserved = result.left[name]
    return result


def _watch(environment: simpy.Environment, result: Simulated, bins: int) -> Any:
    for place in range(bins):
        yield environment.timeout(HOUR / BINS_PER_HOUR * 0.999)
        for name, waiting in result.left.items():
            result.queued[name][place] = waiting
        yield environment.timeout(HOUR / BINS_PER_HOUR * 0.001)


def _once(environment: simpy.Environment, queue: _Queue, flow: Flow, _horizon: float, _seed: random.Random) -> Any:
    yield environment.timeout(flow.at)
    if flow.count:
        queue.put(flow, flow.count)


def _stream(environment: simpy.Environment, queue: _Queue, flow: Flow, horizon: float, seed: random.Random) -> Any:
    """Single arrivals while they are rare, batches of a moment while they are many: the events stay bounded."""
    owed = 0.0
    moment = horizon / MOMENTS
    while True:
        expected = flow.per_second(environment.now) if flow.per_second else 0.0
        if expected <= 0:
            yield environment.timeout(60.0)
        elif expected * moment < 1:
            pause = 1 / expected if flow.even else seed.expovariate(expected)
            yield environment.timeout(min(pause, 600.0))
            if pause <= 600.0 or seed.random() < 600.0 / pause:
                queue.put(flow, 1)
        else:
            owed += expected * moment if flow.even else _poisson(expected * moment, seed)
            whole = int(owed)
            owed -= whole
            if whole:
                queue.put(flow, whole)
            yield environment.timeout(moment)


def _poisson(mean: float, seed: random.Random) -> int:
    if mean > 50:
        return max(0, round(seed.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, seed.random()
    while product > limit:
        count += 1
        product *= seed.random()
    return count


def day_profile(peak: float) -> Callable[[float], float]:
    """Factor on the average at a time of day (seconds from midnight): mean 1, highest `peak` at 14 o'clock."""

    def shape(sharpness: float, time: float) -> float:
        return math.exp(sharpness * (math.cos((time / HOUR - 14) / 24 * 2 * math.pi) - 1))

    def mean(sharpness: float) -> float:
        return sum(shape(sharpness, quarter * HOUR / 4) for quarter in range(96)) / 96

    low, high = 0.0, 500.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 / mean(middle) < peak else (low, middle)
    total = mean(low)
    return lambda time: shape(low, time) / total


def simulate_day(plan: Rollout, stage: Stage, *, seed: int = 0) -> Simulated:
    """A day of the stage in which all its new connections join at 9 o'clock and a backfill begins at 19; longer when
    the initial syncs need longer by the planner's arithmetic, at most two weeks."""
    traffic, lists = plan.traffic_of(stage), len(plan.resources)
    capacity = plan_capacity(plan, stage)
    usable = limit_of(plan).safe * plan.limits.planned_share
    needed = sum(batch.together or 0.0 for batch in capacity.batches[-1:]) + (capacity.backfill_seconds or 0.0)
    days = min(LONGEST_DAYS, max(1, math.ceil((JOIN_AT * HOUR + needed * 1.1) / (24 * HOUR))))
    profile = day_profile(plan.peak)
    average = {name: value / HOUR for name, value in average_per_hour(plan, stage).items()}
    interactive = sum(value for name, value in average.items() if name != "list")
    new = new_connections(plan, stage)
    flows = [
        Flow("interactive", URGENCY["write_burst"], per_second=lambda time: interactive * profile(time)),
        Flow("steady_sync", URGENCY["steady_sync"], per_second=lambda _time: average["list"], even=True),
    ]
    for order, batch in enumerate(traffic.batches):
        flows.append(
            Flow(
                f"initial_sync {batch.batch}",
                URGENCY["initial_sync_storm"] + order,
                at=JOIN_AT * HOUR,
                count=new * pages(batch.objects, traffic, lists),
            )
        )
    history = sum(pages(batch.objects, traffic, lists) for batch in traffic.batches)
    backfills = math.ceil(plan.connections_of(stage) * traffic.backfill_share)
    last = URGENCY["backfill"] + len(traffic.batches)
    flows.append(Flow("backfill", last, at=BACKFILL_AT * HOUR, count=backfills * history))
    return simulate(flows, usable, horizon=days * 24 * HOUR, seed=seed)


def freshness(plan: Rollout, stage: Stage, simulated: Simulated) -> float | None:
    """Seconds: the age of a connection's data that 95 % do not exceed just before the next sync is answered."""
    wait = simulated.waits["steady_sync"].quantile(0.95)
    return None if wait is None else seconds(plan.traffic_of(stage).sync_every) + wait
