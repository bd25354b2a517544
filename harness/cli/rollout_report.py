"""The report of a load test, put together from what was planned, measured and judged."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from harness.core.measurement import GateResult, StageOutcome
from harness.drive import World
from harness.exit_status import ExitStatus
from harness.plan.rollout import Rollout, Stage
from harness.report.rollout import ClassRow, Comparison, RolloutReport, ScenarioRow, SecondRow
from harness.rollout.backend import Queue
from harness.rollout.demand import bursts, limit_of
from harness.rollout.measuring import BIN, Measured
from harness.rollout.simulation import Flow, simulate
from harness.rollout.work import Work

STATUS = {
    StageOutcome.PROMOTE: ExitStatus.GO,
    StageOutcome.HOLD: ExitStatus.NO_GO,
    StageOutcome.ROLL_BACK: ExitStatus.NO_GO,
    StageOutcome.INVALID: ExitStatus.INCONCLUSIVE,
}


@dataclass(frozen=True)
class Told:
    """What the report says besides measurements."""

    command: str
    started_at: str
    elapsed: float
    outcome: StageOutcome
    reasons: tuple[str, ...]
    next: tuple[str, ...]
    gates: tuple[GateResult, ...]
    invalid: tuple[str, ...]
    problems: tuple[str, ...]
    backend: str | None
    backend_version: str
    interrupted: bool
    decided: bool
    """Whether an outcome other than promote rests on something that was lost, not on too little data."""


def make_report(
    plan: Rollout,
    stage: Stage,
    world: World,
    work: Work,
    measured: Measured,
    told: Told,
    *,
    arrivals: Mapping[int, int] | None,
    queue: Queue | None,
) -> RolloutReport:
    """The report of one stage. `arrivals` are those that the target counted, by bin from the first send."""
    limit, late = limit_of(plan), measured.quantile("lateness", 0.99)
    busiest = measured.busiest(limit.window)
    status = STATUS[told.outcome]
    if told.outcome is StageOutcome.HOLD and not told.decided:
        status = ExitStatus.INCONCLUSIVE
    if told.interrupted:
        status = ExitStatus.INTERRUPTED
    return RolloutReport(
        golive=version("golive"),
        command=told.command,
        plan=plan.rollout,
        title=plan.title,
        digest=plan.digest,
        stage=stage.stage,
        connections=plan.connections_of(stage),
        played_over=_played_over(work),
        target=world.target.name,
        base_url=world.target.base_url,
        strength=world.target.strength,
        backend=told.backend,
        backend_version=told.backend_version,
        workers=work.workers,
        started_at=told.started_at,
        seconds=work.seconds,
        elapsed=told.elapsed,
        outcome=told.outcome,
        exit_status=status,
        reasons=told.reasons,
        next=told.next,
        gates=told.gates,
        invalid=told.invalid,
        problems=told.problems,
        scenarios=_scenarios(plan, stage, work, told.backend),
        classes=tuple(_class(of, measured) for of in sorted(measured.counts)),
        errors=dict(measured.problems.most_common(20)),
        blame=blame(measured, limit.requests, limit.window),
        limit=plan.limits.organisation,
        safe_share=limit.safe / limit.allowed,
        busiest_share=busiest / limit.requests if busiest else None,
        busiest_second=measured.busiest(1.0),
        arrived_second=_most_in_a_second(arrivals) if arrivals else None,
        lateness_p99=late,
        cpu={f"process {worker}": max(shares) for worker, shares in sorted(measured.cpu.items())},
        comparisons=_comparisons(work, measured),
        timeline=_timeline(work, measured, arrivals, limit.requests, limit.window),
        backlog=tuple((at, state.backlog) for at, state in queue.states) if queue else (),
    )


def blame(measured: Measured, limit: int, window: float) -> tuple[str, ...]:
    """Whose fault each 429 was, from how many requests we had sent in the window before it."""
    counts = measured.before_refusals(window)
    # A window at the moment of the send can hold one request more than the limit without a fault of the pace.
    ours = [count for count in counts if count > limit + 1]
    edge = [count for count in counts if 0.98 * limit <= count <= limit + 1]
    others = [count for count in counts if count < 0.98 * limit]
    found = []
    if ours:
        found.append(f"{len(ours)} × our own pace: up to {max(ours)} requests in {window:g} s, {limit} are allowed")
    if edge:
        found.append(
            f"{len(edge)} × requests that arrived closer together than they left: {max(edge)} left in {window:g} s, "
            f"{limit} are allowed; give limits.jitter in the plan more room"
        )
    if len(others) > 1 and max(others) - min(others) <= max(2, 0.02 * limit):
        found.append(
            f"{len(others)} × a lower limit than planned: refused after about {max(others)} requests in {window:g} s, "
            f"{limit} should be allowed"
        )
    elif others:
        found.append(
            f"{len(others)} × somebody else uses the budget of the organisation, or its limit is lower: refused after "
            f"{min(others)} to {max(others)} of ours in {window:g} s, {limit} should be allowed"
        )
    return tuple(found)


def _played_over(work: Work) -> dict[str, int]:
    units: Counter[str] = Counter()
    for flow in work.flows:
        for step in flow.steps[:: flow.unit]:
            if step.platform and flow.scenario == "steady_sync":
                units[step.platform] += 1
    return dict(units)


def _scenarios(plan: Rollout, stage: Stage, work: Work, backend: str | None) -> tuple[ScenarioRow, ...]:
    played = {(flow.scenario, flow.of): flow.count for flow in work.flows}
    rows = []
    for scenario, burst in bursts(plan, stage).items():
        for of, wanted in burst.items():
            count = played.get((scenario, of), 0)
            note = ""
            if of == "job":
                count = work.requests.get("job", 0)
                note = "follow their creates"
            elif of == "webhook" and backend is None:
                note = "not run: no integration backend took part (--backend URL)"
            elif not count:
                note = "not run: not possible on this target, or left out on a live one"
            elif count < wanted:
                note = f"{count / wanted:.0%} of it fits into the time of the test"
            rows.append(ScenarioRow(scenario=scenario, of=of, wanted=wanted, played=count, note=note))
    return tuple(rows)


def _class(of: str, measured: Measured) -> ClassRow:
    counts = measured.counts[of]
    return ClassRow(
        of=of,
        planned=counts["planned"],
        sent=counts["sent"],
        answered=counts["answered"],
        errors=counts["errors"],
        limited=counts["limited"],
        platform_limited=counts["platform_limited"],
        in_flight=counts["in_flight"],
        unsent=counts["unsent"],
        p50=measured.quantile("latency", 0.5, of),
        p95=measured.quantile("latency", 0.95, of),
        p99=measured.quantile("latency", 0.99, of),
        longest=measured.quantile("latency", 1.0, of),
        service_p50=measured.quantile("service", 0.5, of),
        service_p99=measured.quantile("service", 0.99, of),
    )


def _comparisons(work: Work, measured: Measured) -> tuple[Comparison, ...]:
    """The same arrivals through the simulated budget: requests per second, and the time until the last was sent."""
    if not work.per_second or not work.planned:
        return ()
    rate = sum(flow.count for flow in work.flows if flow.of != "webhook") / work.seconds
    jobs = work.requests.get("job", 0) / work.seconds
    flows = [Flow("arrivals", 1, per_second=lambda time: rate + jobs if time < work.seconds else 0.0, even=True)]
    played = simulate(flows, work.per_second, horizon=work.seconds + work.drain).waits["arrivals"]
    figures = [("requests per second", played.requests / work.seconds, measured.total("sent") / work.seconds)]
    if measured.sends:
        figures.append(("seconds until the last request was sent", played.ended, (max(measured.sends) + 1) * BIN))
    return tuple(
        Comparison(what=what, simulated=left, measured=right, within=abs(left - right) <= 0.1 * max(left, 1e-9))
        for what, left, right in figures
    )


def _timeline(
    work: Work, measured: Measured, arrivals: Mapping[int, int] | None, limit: int, window: float
) -> tuple[SecondRow, ...]:
    sent, arrived = _by_second(measured.sends), _by_second(arrivals or {})
    rows, width = [], round(window)
    last = max([*sent, *measured.seconds], default=-1)
    for second in range(last + 1):
        counts = measured.seconds.get(second, Counter())
        slow = measured.slow.get(second)
        used = sum(sent.get(other, 0) for other in range(max(0, second - width + 1), second + 1))
        rows.append(
            SecondRow(
                second=second,
                planned=sum(flow.count for flow in work.flows if flow.of != "webhook") / work.seconds
                + work.requests.get("job", 0) / work.seconds
                if second < work.seconds
                else 0.0,
                sent=sent.get(second, 0),
                arrived=arrived.get(second, 0) if arrivals else None,
                errors=counts["errors"],
                limited=counts["limited"],
                p50=slow.get_value_at_percentile(50) / 1e6 if slow else None,
                p99=slow.get_value_at_percentile(99) / 1e6 if slow else None,
                budget=used / limit if limit else None,
                waiting=counts["waiting"],
                open=counts["open"],
            )
        )
    return tuple(rows)


def _by_second(bins: Mapping[int, int]) -> dict[int, int]:
    found: Counter[int] = Counter()
    for place, count in bins.items():
        found[int(place * BIN)] += count
    return dict(found)


def _most_in_a_second(bins: Mapping[int, int]) -> int:
    shown = Measured()
    shown.sends.update(bins)
    return shown.busiest(1.0)


def reasons_of(outcome: StageOutcome, gates: Sequence[GateResult], invalid: Sequence[str]) -> tuple[str, ...]:
    """The verdict in sentences, the gate that decides named."""
    by_state: dict[str, list[GateResult]] = {}
    for gate in gates:
        by_state.setdefault(str(gate.state), []).append(gate)
    lost = [f"gate {gate.gate} is lost: {gate.seen}; {gate.why}" for gate in by_state.get("lost", [])]
    open_ones = [f"gate {gate.gate} is undecided: {gate.why}" for gate in by_state.get("undecided", [])]
    skipped = by_state.get("not_run", [])
    notes = [f"{len(skipped)} gates on a backend were not run: {skipped[0].why}"] if skipped else []
    match outcome:
        case StageOutcome.PROMOTE:
            return (f"all {len(by_state.get('held', []))} gates that apply hold", *notes)
        case StageOutcome.INVALID:
            return (*invalid, *lost, *notes)
    return (*lost, *open_ones, *(f"besides, {reason}" for reason in invalid), *notes)
