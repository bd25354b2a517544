"""What a stage asks of the API, derived from the plan: requests per hour, and the bursts that its scenarios play."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.plan.rollout import Rollout, Stage, Traffic, rate, seconds

HOUR = 3600.0

URGENCY: Mapping[str, int] = {
    "write_burst": 0,
    "reauth_wave": 0,
    "webhook_burst": 0,
    "steady_sync": 1,
    "outage_recovery": 1,
    "initial_sync_storm": 2,
    "backfill": 3,
}
"""Scenario -> its place in the queue for the rate budget: what a person waits for goes first."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A sliding-window limit and the pace that keeps it."""

    requests: int
    window: float
    jitter: float

    @property
    def allowed(self) -> float:
        """Requests per second that the limit would allow."""
        return self.requests / self.window

    @property
    def safe(self) -> float:
        """Requests per second that cannot break it while the delay between permission and arrival varies by at most
        `jitter`: one more window edge fits between two such delays."""
        return self.requests / (self.window + self.jitter)


def limit_of(plan: Rollout) -> Limit:
    """The organisation's limit as the plan states it."""
    requests, window = rate(plan.limits.organisation)
    return Limit(requests, window, seconds(plan.limits.jitter))


BACKEND_PART = 0.2
"""Of the planned share: what a backend that takes part in a load test may use itself. In production its requests are
the load; in the test the generator plays the rest."""


@dataclass(frozen=True, slots=True)
class Parting:
    """The organisation's limit parted between the generator and a backend. `backend` is a share of the limit, `pace`
    and `load` are requests per second: what the generator may send at most, and what the scenarios ask of it."""

    backend: float
    pace: float
    load: float


def parted(plan: Rollout, *, with_backend: bool) -> Parting:
    """Without a backend the generator has all of it."""
    limit, planned = limit_of(plan), plan.limits.planned_share
    backend = BACKEND_PART * planned if with_backend else 0.0
    return Parting(backend, limit.safe * (1 - backend), limit.safe * (planned - backend))


def pages(objects: int, traffic: Traffic, lists: int) -> int:
    """Requests that read so many objects spread over so many lists: every list ends with a page that is not full."""
    return math.ceil(objects / traffic.page_size) + lists - 1


def sync_requests(traffic: Traffic, lists: int, *, period: float | None = None) -> int:
    """Requests of one incremental sync of one connection."""
    changed = traffic.changes_per_hour * (period or seconds(traffic.sync_every)) / HOUR
    return max(lists, pages(max(1, math.ceil(changed)), traffic, lists))


def average_per_hour(plan: Rollout, stage: Stage) -> dict[str, float]:
    """Requests per hour and endpoint class, averaged over a day, once the stage is reached."""
    traffic, count = plan.traffic_of(stage), plan.connections_of(stage)
    lists = len(plan.resources)
    writes = count * traffic.writes_per_hour if plan.writes else 0.0
    return {
        "list": count * sync_requests(traffic, lists) * HOUR / seconds(traffic.sync_every),
        "get": count * traffic.webhooks_per_hour * traffic.fetches_per_webhook,
        "create": writes,
        "job": writes * traffic.job_looks if traffic.asynchronous_writes else 0.0,
        "connection": count * traffic.reauth_share / 24,
    }


def peak_per_hour(plan: Rollout, stage: Stage) -> dict[str, float]:
    """The same in the busiest hour. Polling is spread over the day whatever people do; the rest follows them."""
    return {
        name: value if name == "list" else value * plan.peak for name, value in average_per_hour(plan, stage).items()
    }


def by_platform(plan: Rollout, count: int) -> dict[str, int]:
    """`count` connections spread over the platforms by their shares; together they are `count`."""
    exact = {name: count * share / sum(plan.platforms.values()) for name, share in plan.platforms.items()}
    found = {name: int(value) for name, value in exact.items()}
    ranked = sorted(exact, key=lambda name: found[name] - exact[name])
    for name in ranked[: count - sum(found.values())]:
        found[name] += 1
    return found


def new_connections(plan: Rollout, stage: Stage) -> int:
    """How many connections come with the stage."""
    before = plan.before(stage)
    return plan.connections_of(stage) - (plan.connections_of(before) if before else 0)


def bursts(plan: Rollout, stage: Stage) -> dict[str, dict[str, int]]:
    """Scenario -> endpoint class -> requests of its worst moment: everybody of the stage at once, once.

    A load test plays these, never more; `webhook` counts deliveries to the backend, which cost the API nothing.
    """
    traffic, count = plan.traffic_of(stage), plan.connections_of(stage)
    lists, new = len(plan.resources), new_connections(plan, stage)
    writes = math.ceil(count * traffic.writes_at_once)
    webhooks = math.ceil(count * max(traffic.webhooks_per_hour * plan.peak, traffic.webhooks_at_once))
    again = max(1, math.ceil(count * traffic.reauth_share))
    history = sum(pages(batch.objects, traffic, lists) for batch in traffic.batches)
    looks = math.ceil(writes * traffic.job_looks) if traffic.asynchronous_writes else 0
    known: dict[str, dict[str, int]] = {
        "write_burst": {"create": writes, "job": looks},
        "reauth_wave": {"connection": again, "list": again * sync_requests(traffic, lists)},
        "webhook_burst": {"webhook": webhooks, "get": math.ceil(webhooks * traffic.fetches_per_webhook)},
        "steady_sync": {"list": count * sync_requests(traffic, lists)},
        "outage_recovery": {"list": count * sync_requests(traffic, lists, period=seconds(traffic.outage))},
        "initial_sync_storm": {"list": new * history},
        "backfill": {"list": math.ceil(count * traffic.backfill_share) * history},
    }
    return {
        name: {of: number for of, number in known[name].items() if number}
        for name in sorted(stage.scenarios, key=URGENCY.__getitem__)
    }


def share_out(wanted: Mapping[str, Mapping[str, int]], per_second: float, seconds_: float) -> dict[str, dict[str, int]]:
    """How many requests of each burst fit into a load test: everything when there is room, otherwise every scenario
    gets its part and what is left goes to the most urgent. Webhooks do not cost the API's budget."""
    room = per_second * seconds_
    totals = {name: sum(count for of, count in burst.items() if of != "webhook") for name, burst in wanted.items()}
    weights = {name: 1.0 / (1 + URGENCY[name]) for name in totals if totals[name]}
    given = {name: min(totals[name], room * weight / sum(weights.values())) for name, weight in weights.items()}
    left = room - sum(given.values())
    for name in sorted(given, key=URGENCY.__getitem__):
        more = min(left, totals[name] - given[name])
        given[name] += more
        left -= more
    played: dict[str, dict[str, int]] = {}
    for name, burst in wanted.items():
        part = given.get(name, 0.0) / totals[name] if totals[name] else 0.0
        played[name] = {
            of: min(count, math.ceil(per_second * seconds_)) if of == "webhook" else int(count * part)
            for of, count in burst.items()
        }
        if part and not any(played[name].values()):
            first = next(of for of in burst if of != "webhook")
            played[name][first] = 1
    return played
