"""The planner: does a stage fit under the limits, how long does it take, and what has to change when it does not."""

import math
from dataclasses import replace

from harness.core.capacity import BatchTime, Infeasible, StageCapacity
from harness.plan.rollout import Rollout, Stage, rate, seconds
from harness.rollout.demand import (
    HOUR,
    average_per_hour,
    by_platform,
    limit_of,
    new_connections,
    pages,
    peak_per_hour,
    sync_requests,
)


def plan_capacity(plan: Rollout, stage: Stage) -> StageCapacity:
    """The arithmetic of one stage; the simulation adds queues and percentiles to it."""
    limit, traffic = limit_of(plan), plan.traffic_of(stage)
    count, lists = plan.connections_of(stage), len(plan.resources)
    average, peak = average_per_hour(plan, stage), peak_per_hour(plan, stage)
    usable = limit.safe * plan.limits.planned_share
    average_rate, peak_rate = sum(average.values()) / HOUR, sum(peak.values()) / HOUR
    batches = _batches(plan, stage, max(0.0, usable - average_rate))
    history = sum(pages(batch.objects, traffic, lists) for batch in traffic.batches)
    backfills = math.ceil(count * traffic.backfill_share)
    spare, spare_at_peak = usable - average_rate, usable - peak_rate
    others = peak_rate - peak["list"] / HOUR
    shortest = count * sync_requests(traffic, lists) / (usable - others) if usable > others else None
    capacity = StageCapacity(
        stage=stage.stage,
        connections=count,
        new=new_connections(plan, stage),
        by_platform=by_platform(plan, count),
        average=average,
        peak=peak,
        planned_share=plan.limits.planned_share,
        average_share=average_rate / limit.allowed,
        peak_share=peak_rate / limit.allowed,
        headroom=plan.limits.planned_share - peak_rate / limit.allowed,
        batches=batches,
        shortest_sync=shortest,
        sync_every=seconds(traffic.sync_every),
        backfill_seconds=backfills * history / spare if spare > 0 else None,
        backfill_at_peak=spare_at_peak > 0.2 * usable,
    )
    return _judged(plan, stage, capacity, usable)


def _batches(plan: Rollout, stage: Stage, spare: float) -> tuple[BatchTime, ...]:
    traffic, lists, new = plan.traffic_of(stage), len(plan.resources), new_connections(plan, stage)
    found: list[BatchTime] = []
    before = 0
    for batch in traffic.batches:
        each = pages(batch.objects, traffic, lists)
        before += each * new
        allowed = seconds(batch.ready_within)
        upto = sum(pages(other.objects, traffic, lists) for other in traffic.batches[: len(found) + 1])
        wave = math.floor(spare * allowed / upto)
        together = before / spare if spare > 0 else None
        fits = together is not None and together <= allowed
        found.append(BatchTime(batch.batch, each * new, together, allowed, wave, fits))
    return tuple(found)


def _judged(plan: Rollout, stage: Stage, capacity: StageCapacity, usable: float) -> StageCapacity:
    found = (
        *_over_budget(plan, stage, capacity, usable),
        *_slow_batches(capacity),
        *_platform_limits(plan, stage, capacity),
    )
    return replace(capacity, infeasible=found, feasible=not found)


def _over_budget(plan: Rollout, stage: Stage, capacity: StageCapacity, usable: float) -> list[Infeasible]:
    if capacity.headroom >= 0:
        return []
    traffic, peak = plan.traffic_of(stage), capacity.peak
    rate_now = sum(peak.values()) / HOUR
    changes = []
    if capacity.shortest_sync is not None:
        minutes = math.ceil(capacity.shortest_sync / 60)
        changes.append(f"sync_every: {minutes}min instead of {traffic.sync_every}, and webhooks for what is urgent")
    without_jobs = rate_now - peak["job"] / HOUR
    if peak["job"] and without_jobs <= usable:
        changes.append("job_looks: 0 and the webhook JOB_COMPLETED instead of looking at jobs")
    if not changes or rate_now > 2 * usable:
        fewer = math.floor(capacity.connections * usable / rate_now)
        changes.append(f"at most {fewer:,} connections in this stage")
    window = limit_of(plan).window
    needed = math.ceil(rate_now / plan.limits.planned_share * window)
    changes.append(f"a limit of {needed:,} requests per {window:g} s, to be agreed with the provider")
    what = (
        f"the peak needs {capacity.peak_share:.0%} of the organisation's limit, the plan allows "
        f"{capacity.planned_share:.0%}"
    )
    return [Infeasible(what, tuple(changes))]


def _slow_batches(capacity: StageCapacity) -> list[Infeasible]:
    found = []
    for batch in capacity.batches:
        if batch.fits or not capacity.new:
            continue
        time = "never ends" if batch.together is None else f"takes {batch.together / HOUR:,.1f} h"
        changes = []
        if batch.wave:
            waves = math.ceil(capacity.new / batch.wave)
            changes.append(
                f"let the {capacity.new:,} new ones join in {waves} waves of at most {batch.wave:,}, one per "
                f"{batch.allowed / HOUR:g} h"
            )
        changes.append("a smaller first batch, larger pages, or a higher limit")
        found.append(
            Infeasible(
                f'batch "{batch.batch}" of {capacity.new:,} new connections at once {time}, allowed are '
                f"{batch.allowed / HOUR:,.1f} h",
                tuple(changes),
            )
        )
    return found


def _platform_limits(plan: Rollout, stage: Stage, capacity: StageCapacity) -> list[Infeasible]:
    traffic = plan.traffic_of(stage)
    found: list[Infeasible] = []
    if traffic.asynchronous_writes or not plan.writes:
        return found
    for name, text in plan.limits.platforms.items():
        requests, window = rate(text)
        if capacity.by_platform.get(name) and traffic.writes_at_once > requests:
            taken = traffic.writes_at_once / requests * window
            found.append(
                Infeasible(
                    f"{traffic.writes_at_once:g} synchronous writes at once break the limit of {name} ({text}); paced "
                    f"they take {taken:.0f} s",
                    ("asynchronous_writes: true, so that the provider paces the platform", "fewer writes_at_once"),
                )
            )
    return found
