"""From measurements to gates and the outcome of a stage. Pure: the same measurements give the same verdict offline."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from harness.core.measurement import GateResult, GateState, StageOutcome
from harness.plan.gates import Gate
from harness.plan.rollout import Stage, Validity, seconds
from harness.rollout.backend import Queue
from harness.rollout.measuring import Measured
from harness.rollout.statistics import (
    Sprt,
    compare_shares,
    needed_without_failure,
    percentile_ranks,
    share_at_least,
    share_at_most,
    slope,
)

LEAST_SAMPLES = 5
"""Answers that checks must have judged before a gate on them can hold."""
LEAST_WEBHOOKS = needed_without_failure(0.01)
"""Webhooks that must have been raised before a gate on lost ones can hold: a loss of one in a hundred then shows."""
RISK = 0.025
"""Of a wrong verdict by one sequential test: a gate on errors makes two, of the whole test and of its later half."""
BY_TIME = frozenset({"budget", "freshness", "backlog_drained", "oldest_webhook"})


@dataclass(frozen=True)
class Circumstances:
    """What gates are judged with besides the measurements. `planned` requests by class; `judged` and `refused` count
    sampled answers and those in which a check found what votes; `queue` is what the backend said over time, None
    without one; `over` tells that the test has ended."""

    planned: Mapping[str, int]
    seconds: float
    limit: int
    window: float
    over: bool = True
    previous: Measured | None = None
    judged: int = 0
    refused: int = 0
    queue: Queue | None = None
    backend_required: bool = False
    check_messages: tuple[str, ...] = field(default=())

    def until(self, missing: int, of: str | None) -> str:
        """`120 more requests, 1.2 min at the rate of this test`."""
        total = self.planned.get(of, 0) if of else sum(self.planned.values())
        rate = total / self.seconds if self.seconds else 0.0
        time = f", {missing / rate / 60:.1f} min at the rate of this test" if rate else ""
        return f"{missing:,} more requests{time}"


def judge_gates(gates: Iterable[Gate], measured: Measured, around: Circumstances) -> tuple[GateResult, ...]:
    """Every gate, in its order."""
    return tuple(_JUDGES.get(gate.measure.name, _percentile)(gate, measured, around) for gate in gates)


def lost_for_good(gates: Iterable[Gate], measured: Measured, around: Circumstances) -> tuple[GateResult, ...]:
    """The gates that no further request of this test can win back."""
    found = []
    for gate, result in zip(gates, judge_gates(gates, measured, around), strict=True):
        if result.state is not GateState.LOST:
            continue
        if gate.quantile is None:
            if gate.measure.name in {"errors", "limited", "platform_limited"} and not gate.previous:
                found.append(result)
            continue
        planned = around.planned.get(gate.of, 0) if gate.of else sum(around.planned.values())
        filled = measured.merged(_kind(gate), gate.of)
        over = sum(item.count_added_in_this_iter_step for item in filled.get_recorded_iterator()
                   if item.value_iterated_to / 1e6 > gate.bound)  # fmt: skip
        if not gate.previous and over > (1 - gate.quantile) * max(planned, filled.total_count):
            found.append(result)
    return tuple(found)


def why_invalid(validity: Validity, measured: Measured, *, workers: int, done: int) -> tuple[str, ...]:
    """Why the generator, not the target, decided this test; empty when it did not."""
    reasons = []
    if done < workers:
        reasons.append(f"{workers - done} of {workers} generating processes did not finish")
    planned, wanted = measured.total("planned"), measured.total("wanted")
    if planned == 0:
        return (*reasons, "nothing was planned, so nothing was measured")
    if wanted < validity.offered * planned:
        reasons.append(f"only {wanted:,} of {planned:,} planned arrivals were sent ({wanted / planned:.1%})")
    late = measured.quantile("lateness", 0.99)
    if late is not None and late > seconds(validity.lateness_p99):
        reasons.append(f"the generator was late: p99 of its lateness is {late * 1000:.1f} ms, allowed are "
                       f"{validity.lateness_p99}")  # fmt: skip
    for worker, shares in sorted(measured.cpu.items()):
        full = [share for share in shares if share > 0]
        average = sum(full) / len(full) if full else 0.0
        if average > validity.cpu:
            reasons.append(f"generating process {worker} used {average:.0%} of a core, allowed are {validity.cpu:.0%}")
    return tuple(reasons)


def outcome(stage: Stage, results: Iterable[GateResult], gates: Iterable[Gate], invalid: Iterable[str]) -> StageOutcome:
    """Promote only when every gate holds and the generator was sound. A gate that time decides says nothing when the
    generator was the slow one; an error of the target stays an error."""
    pairs = list(zip(gates, results, strict=True))
    lost = [gate for gate, result in pairs if result.state is GateState.LOST]
    if any(invalid):
        lost = [gate for gate in lost if gate.measure.kind != "time" and gate.measure.name not in BY_TIME]
        if not lost:
            return StageOutcome.INVALID
    if lost:
        return StageOutcome.ROLL_BACK if stage.failed.then == "roll_back" else StageOutcome.HOLD
    undecided = any(result.state is GateState.UNDECIDED for _, result in pairs)
    return StageOutcome.HOLD if undecided or not pairs else StageOutcome.PROMOTE


def _kind(gate: Gate) -> str:
    return "service" if gate.measure.name.startswith("service_") else "latency"


def _percentile(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:
    filled, quantile = measured.merged(_kind(gate), gate.of), gate.quantile or 0.5
    total = filled.total_count
    low, high = percentile_ranks(total, quantile)
    missing = max(0, needed_without_failure(1 - quantile) - total)
    bound, told = gate.bound, ""
    if gate.previous:
        earlier = around.previous.merged(_kind(gate), gate.of) if around.previous else None
        before = percentile_ranks(earlier.total_count, quantile) if earlier is not None else (None, None)
        if earlier is None or before[0] is None or before[1] is None or around.previous is None:
            return _undecided(gate, _span(measured.quantile(_kind(gate), quantile, gate.of)),
                              "the stage before has too little data to be compared with")  # fmt: skip
        # Held needs the most that it is now against the least that it was; lost the other way round.
        least, most = (around.previous.at_rank(earlier, rank) for rank in (before[0], before[1]))
        told = f", before {_span(least)} to {_span(most)}"
        bound, strict_bound = gate.bound * least, gate.bound * most
    else:
        strict_bound = bound
    if total == 0:
        return _undecided(gate, "no data", f"needs {around.until(missing, gate.of)}", missing)
    upper = measured.at_rank(filled, high) if high else None
    lower = measured.at_rank(filled, low) if low else 0.0
    seen = (
        f"{_span(measured.quantile(_kind(gate), quantile, gate.of))}, between {_span(lower)} and {_span(upper)}{told}"
    )
    if lower > strict_bound:
        return GateResult(gate.text, GateState.LOST, seen, f"even the lower bound of {total:,} requests is above")
    if upper is None:
        return _undecided(gate, seen, f"needs {around.until(missing, gate.of)}", missing)
    if upper <= bound:
        return GateResult(gate.text, GateState.HELD, seen, f"the upper bound of {total:,} requests keeps it (95 %)")
    return _undecided(gate, seen, "the interval holds the bound: more requests would narrow it", total)


def _errors(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:
    name = gate.measure.name
    failures, total = measured.total(name, gate.of), measured.total("answered", gate.of)
    seen = f"{failures:,} of {total:,} ({failures / total:.2%})" if total else "no data"
    if gate.previous:
        return _compared(gate, (failures, total), around, seen)
    if gate.bound == 0:
        return _never(gate, failures, total, seen)
    test = Sprt.of(gate.bound, RISK)
    halves = [(failures, total)]
    history = [
        row for of, rows in measured.history.items() if gate.of in {None, of} and of != "webhook" for row in rows
    ]
    if name == "errors" and around.over and history:
        middle = sorted(history)[len(history) // 2][0]
        late = [row for row in history if row[0] >= middle]
        halves.append((sum(row[1] for row in late), sum(row[2] for row in late)))
    risk = f"at {gate.bound / 2:.2%} it is lost, at {gate.bound * 2:.2%} held, in at most 5 % of tests"
    # A fixed interval may be looked at once, at the end; a sequential test at any time.
    beyond = around.over and share_at_least(failures, total, 0.99) > gate.bound
    if beyond or any(test.decide(*half) is False for half in halves):
        return GateResult(gate.text, GateState.LOST, seen, f"a sequential test says more than {gate.bound:.2%}; {risk}")
    if test.decide(failures, total) is True:
        return GateResult(gate.text, GateState.HELD, seen, f"a sequential test is sure; {risk}")
    missing = test.needed(failures, total)
    return _undecided(gate, seen, f"needs {around.until(missing, gate.of)} without a failure", missing)


def _never(gate: Gate, failures: int, total: int, seen: str) -> GateResult:
    if failures:
        return GateResult(gate.text, GateState.LOST, seen, "not one is allowed")
    if not total:
        return _undecided(gate, seen, "no request was answered", 1)
    return GateResult(gate.text, GateState.HELD, seen, f"none; at most {share_at_most(0, total):.2%} by 95 %")


def _compared(gate: Gate, now: tuple[int, int], around: Circumstances, seen: str) -> GateResult:
    if around.previous is None:
        return _undecided(gate, seen, "there is no stage before to compare with")
    earlier = around.previous.total(gate.measure.name, gate.of), around.previous.total("answered", gate.of)
    found = compare_shares(now, earlier, gate.bound)
    seen += f", before {earlier[0]:,} of {earlier[1]:,}"
    if found.worse:
        return GateResult(gate.text, GateState.LOST, seen, "worse than allowed, by exact intervals at 95 %")
    if found.no_worse:
        return GateResult(
            gate.text, GateState.HELD, seen, f"no worse; a doubling would be noticed by {found.power:.0%}"
        )
    return _undecided(gate, seen, f"too little data: a doubling would be noticed by {found.power:.0%} only", now[1])


def _budget(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:
    busiest = measured.busiest(around.window)
    if not busiest or not around.limit:
        return _undecided(gate, "no data", "no request was sent under a limit")
    return _plain(gate, busiest / around.limit, f"{busiest:,} of {around.limit:,} in the busiest {around.window:g} s")


def _amplification(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:  # noqa: ARG001 - as the others
    wanted, sent = measured.total("wanted"), measured.total("sent")
    if not wanted:
        return _undecided(gate, "no data", "no operation was begun")
    return _plain(gate, sent / wanted, f"{sent:,} requests for {wanted:,} operations")


def _checks(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:  # noqa: ARG001 - as the others
    seen = f"{around.refused} of {around.judged} sampled answers"
    if around.refused and around.refused / max(1, around.judged) > gate.bound:
        return GateResult(gate.text, GateState.LOST, seen, "; ".join(around.check_messages[:3]) or "findings that vote")
    if around.judged < LEAST_SAMPLES:
        return _undecided(gate, seen, f"at least {LEAST_SAMPLES} sampled answers have to be judged", LEAST_SAMPLES)
    return GateResult(gate.text, GateState.HELD, seen, "the checks of the plans found nothing more that votes")


def _freshness(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:  # noqa: ARG001 - as the others
    filled = measured.merged("fresh", "list")
    if not filled.total_count:
        return _undecided(gate, "no data", "no connection completed a sync (scenario steady_sync)")
    age = float(filled.get_value_at_percentile(95)) / 1e6
    return _plain(gate, age, f"p95 over {filled.total_count:,} connections is {_span(age)}")


def _backlog(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:  # noqa: ARG001 - as the others
    if around.queue is None:
        return _without_backend(gate, around)
    points = [(at, float(state.backlog)) for at, state in around.queue.states]
    if not points:
        return _untold(gate, around.queue)
    if points[-1][1] == 0:
        return GateResult(
            gate.text, GateState.HELD, "empty at the end", f"at most {max(y for _, y in points):,.0f} waited"
        )
    line = slope(points[len(points) // 2 :])
    if line is None:
        return _undecided(gate, f"{len(points)} looks at the backlog", "a slope needs more of them")
    seen = f"{line.at_end:,.0f} waiting, {line.value:+.1f} per second (± {line.half:.1f})"
    if line.value + line.half >= 0:
        return GateResult(gate.text, GateState.LOST, seen, "the backlog does not shrink")
    time = line.at_end / -(line.value + line.half)
    return _plain(gate, time, f"{seen}: empty in {_span(time)} at the slowest")


def _oldest(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:  # noqa: ARG001 - as the others
    if around.queue is None:
        return _without_backend(gate, around)
    if around.queue.silences or not around.queue.states:
        return _untold(gate, around.queue)
    ages = [state.oldest_seconds for _, state in around.queue.states]
    return _plain(gate, max(ages), f"at most {_span(max(ages))} old in {len(ages)} looks")


def _lost(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:
    queue = around.queue
    if queue is None:
        return _without_backend(gate, around)
    sent = measured.total("sent", "webhook") if queue.raised is None else queue.raised
    if not sent:
        return _undecided(gate, "no data", "no webhook was sent (scenario webhook_burst)")
    if not queue.states or (queue.silences and queue.silences[-1][0] > queue.states[-1][0]):
        return _untold(gate, queue)
    waiting = queue.undelivered + queue.states[-1][1].backlog
    lost = max(0, sent - queue.processed - waiting)
    seen = f"{lost:,} of {sent:,} webhooks ({lost / sent:.2%}) were never processed"
    if not gate.holds(lost / sent):
        return GateResult(gate.text, GateState.LOST, seen, "they were raised, and nothing is on its way or waits")
    if waiting:
        return _undecided(gate, seen, f"{waiting:,} of them still wait", waiting)
    if sent < LEAST_WEBHOOKS:
        missing = LEAST_WEBHOOKS - sent
        why = f"{missing:,} more would show, by 95 %, that fewer than 1 % are lost (webhooks_at_once, play)"
        return _undecided(gate, seen, why, missing)
    return GateResult(gate.text, GateState.HELD, seen, f"so at most {share_at_most(lost, sent):.2%} are lost, by 95 %")


def _untold(gate: Gate, queue: Queue) -> GateResult:
    """The backend did not tell its queue: under load that is a failure of the backend, not of the test."""
    if not queue.silences:
        return _undecided(gate, "no data", "the backend told nothing of its queue")
    at, why = queue.silences[0]
    seen = f"{len(queue.silences)} of {len(queue.silences) + len(queue.states)} looks were not answered"
    return GateResult(gate.text, GateState.LOST, seen, f"first {at:.0f} s after the start: {why}")


def _without_backend(gate: Gate, around: Circumstances) -> GateResult:
    state = GateState.UNDECIDED if around.backend_required else GateState.NOT_RUN
    return GateResult(gate.text, state, "not run", "no integration backend took part (--backend URL)")


def _plain(gate: Gate, value: float, seen: str) -> GateResult:
    state = GateState.HELD if gate.holds(value) else GateState.LOST
    return GateResult(gate.text, state, seen, "measured exactly")


def _undecided(gate: Gate, seen: str, why: str, missing: int | None = None) -> GateResult:
    return GateResult(gate.text, GateState.UNDECIDED, seen, why, missing)


def _span(value: float | None) -> str:
    if value is None:
        return "unknown"
    if value < 1:
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} s" if value < 120 else f"{value / 60:.1f} min"


_JUDGES: Mapping[str, Callable[[Gate, Measured, Circumstances], GateResult]] = {
    "errors": _errors,
    "limited": _errors,
    "platform_limited": _errors,
    "budget": _budget,
    "amplification": _amplification,
    "check_failures": _checks,
    "freshness": _freshness,
    "backlog_drained": _backlog,
    "oldest_webhook": _oldest,
    "lost_webhooks": _lost,
}
