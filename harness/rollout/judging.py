"""From measurements to gates and the outcome of a stage. Pure: the same measurements give the same verdict offline."""

from collections.abc import Callable, Iterable, Mapping

from harness.core.measurement import GateResult, GateState, StageOutcome
from harness.plan.gates import Gate
from harness.plan.rollout import Stage, Validity, seconds
from harness.rollout.circumstances import Circumstances, plain, span, undecided
from harness.rollout.judging_queue import backlog, lost, oldest, refused
from harness.rollout.measuring import AT_SIGHT, Measured
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
RISK = 0.025
"""Of a wrong verdict by one sequential test: a gate on errors makes two, of the whole test and of its later half."""
GROWTH = 0.25
"""Of its bound: a gate on a time does not hold while the median grew by more during the test."""
SURE = 0.995
"""Of a class of requests that is beyond a bound for all, looked at once, at the end."""
BY_TIME = frozenset({"budget", "freshness", "backlog_drained", "oldest_webhook"})


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
            never = gate.measure.name == "check_failures" and gate.bound == 0
            if never or (gate.measure.name in {"errors", "limited", "platform_limited"} and not gate.previous):
                found.append(result)
            continue
        planned = around.planned.get(gate.of, 0) if gate.of else sum(around.planned.values())
        filled = measured.merged(_kind(gate), gate.of)
        over = sum(item.count_added_in_this_iter_step for item in filled.get_recorded_iterator()
                   if item.value_iterated_to / 1e6 > gate.bound)  # fmt: skip
        if not gate.previous and over > (1 - gate.quantile) * max(planned, filled.total_count):
            found.append(result)
    return tuple(found)


def why_invalid(
    validity: Validity, measured: Measured, *, workers: int, done: int, expected: int = 0
) -> tuple[str, ...]:
    """Why the generator, not the target, decided this test; empty when it did not. `expected` arrivals at the API were
    prepared."""
    reasons = []
    if done < workers:
        reasons.append(f"{workers - done} of {workers} generating processes did not finish")
    planned, wanted = measured.total("planned"), measured.total("wanted")
    if planned == 0:
        return (*reasons, "nothing was planned, so nothing was measured")
    if done >= workers and planned < expected:
        missing = f"the measurements of {expected - planned:,} of {expected:,} arrivals are missing"
        reasons.append(f"{missing}: windows.ndjson could not be written (disk full?) or was changed")
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
            return undecided(gate, span(measured.quantile(_kind(gate), quantile, gate.of)),
                              "the stage before has too little data to be compared with")  # fmt: skip
        # Held needs the most that it is now against the least that it was; lost the other way round.
        least, most = (around.previous.at_rank(earlier, rank) for rank in (before[0], before[1]))
        told = f", before {span(least)} to {span(most)}"
        bound, strict_bound = gate.bound * least, gate.bound * most
    else:
        strict_bound = bound
    if total == 0:
        return undecided(gate, "no data", f"needs {around.until(missing, gate.of)}", missing)
    upper = measured.at_rank(filled, high) if high else None
    lower = measured.at_rank(filled, low) if low else 0.0
    seen = f"{span(measured.quantile(_kind(gate), quantile, gate.of))}, between {span(lower)} and {span(upper)}{told}"
    if lower > strict_bound:
        return GateResult(gate.text, GateState.LOST, seen, f"even the lower bound of {total:,} requests is above")
    if upper is None:
        return undecided(gate, seen, f"needs {around.until(missing, gate.of)}", missing)
    if upper <= bound:
        growth = None if gate.previous or not around.over else _growth(measured, around.seconds)
        if growth is not None and growth * around.seconds > GROWTH * bound:
            left = (bound - upper) / growth
            why = f"the median grows by {growth * 1000:.0f} ms each second under an even load: a longer test would tell"
            return undecided(gate, f"{seen}, over the bound after {span(left)} more", why, total)
        return GateResult(gate.text, GateState.HELD, seen, f"the upper bound of {total:,} requests keeps it (95 %)")
    return undecided(gate, seen, "the interval holds the bound: more requests would narrow it", total)


def _growth(measured: Measured, lasts: float) -> float | None:
    """Seconds that the median of a second is longer than that of the one before, at least (95 %); None when it does not
    grow. A target that keeps up with an even load does not slow down."""
    points = [
        (float(second), float(filled.get_value_at_percentile(50)) / 1e6)
        for second, filled in sorted(measured.slow.items())
        if second < lasts and filled.total_count
    ]
    line = slope(points)
    return line.value - line.half if line is not None and line.value > line.half else None


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
    worse = _worst_class(gate, measured, around)
    if worse is not None:
        of, count, answered = worse
        least = share_at_least(count, answered, SURE)
        why = f"{count:,} of {answered:,} {of} requests, at least {least:.2%} by {SURE:.1%}: many good ones hide them"
        if least > gate.bound:
            return GateResult(gate.text, GateState.LOST, seen, why)
        return undecided(gate, seen, f"{why}; more of them would tell", answered)
    begun = measured.total("open", "job")
    if name == "errors" and gate.of in {None, "create", "job"} and begun and not measured.total("ended", "job"):
        why = f"none of {begun:,} looks found a job that had ended, so nobody knows whether writes are carried out"
        return undecided(gate, seen, f"{why}; play longer, or take JOB_COMPLETED webhooks (job_looks: 0)", begun)
    if test.decide(failures, total) is True:
        return GateResult(gate.text, GateState.HELD, seen, f"a sequential test is sure; {risk}")
    missing = test.needed(failures, total)
    return undecided(gate, seen, f"needs {around.until(missing, gate.of)} without a failure", missing)


def _worst_class(gate: Gate, measured: Measured, around: Circumstances) -> tuple[str, int, int] | None:
    """The endpoint class that a sound target, with half of the bound, would hardly show (once in a hundred tests):
    its name, failures and answers. A gate over all is one on each as well: writes are few beside the pages of lists."""
    if gate.of is not None or not around.over:
        return None
    found = [
        (share_at_least(failures, answered, SURE), of, failures, answered)
        for of in measured.counts
        if of != "webhook"
        and (answered := measured.total("answered", of))
        and share_at_least(failures := measured.total(gate.measure.name, of), answered, 0.99) > gate.bound / 2
    ]
    return max(found)[1:] if found else None


def _never(gate: Gate, failures: int, total: int, seen: str) -> GateResult:
    if failures:
        return GateResult(gate.text, GateState.LOST, seen, "not one is allowed")
    if not total:
        return undecided(gate, seen, "no request was answered", 1)
    return GateResult(gate.text, GateState.HELD, seen, f"none; at most {share_at_most(0, total):.2%} by 95 %")


def _compared(gate: Gate, now: tuple[int, int], around: Circumstances, seen: str) -> GateResult:
    if around.previous is None:
        return undecided(gate, seen, "there is no stage before to compare with")
    earlier = around.previous.total(gate.measure.name, gate.of), around.previous.total("answered", gate.of)
    found = compare_shares(now, earlier, gate.bound)
    seen += f", before {earlier[0]:,} of {earlier[1]:,}"
    if found.worse:
        return GateResult(gate.text, GateState.LOST, seen, "worse than allowed, by exact intervals at 95 %")
    if found.no_worse:
        return GateResult(
            gate.text, GateState.HELD, seen, f"no worse; a doubling would be noticed by {found.power:.0%}"
        )
    return undecided(gate, seen, f"too little data: a doubling would be noticed by {found.power:.0%} only", now[1])


def _budget(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:
    busiest = measured.busiest(around.window)
    if not busiest or not around.limit:
        return undecided(gate, "no data", "no request was sent under a limit")
    return plain(gate, busiest / around.limit, f"{busiest:,} of {around.limit:,} in the busiest {around.window:g} s")


def _amplification(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:  # noqa: ARG001 - as the others
    wanted, sent = measured.total("wanted"), measured.total("sent")
    if not wanted:
        return undecided(gate, "no data", "no operation was begun")
    return plain(gate, sent / wanted, f"{sent:,} requests for {wanted:,} operations")


def _checks(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:
    wrong, answered = measured.total("wrong"), measured.total("answered")
    seen = f"{around.refused} of {around.judged} sampled answers"
    if wrong:
        seen += f", at sight {wrong:,} of {answered:,}"
    shares = around.refused / max(1, around.judged), wrong / max(1, answered)
    if not all(gate.holds(share) for share in shares):
        at_sight = [problem for problem, _ in measured.problems.most_common() if AT_SIGHT in problem]
        messages = (*around.check_messages[:2], *at_sight)
        return GateResult(gate.text, GateState.LOST, seen, "; ".join(messages[:3]) or "findings that vote")
    if around.judged < LEAST_SAMPLES:
        return undecided(gate, seen, f"at least {LEAST_SAMPLES} sampled answers have to be judged", LEAST_SAMPLES)
    most = share_at_most(around.refused, around.judged)
    return GateResult(gate.text, GateState.HELD, seen, f"so at most {most:.2%} are wrong, by 95 %")


def _freshness(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:  # noqa: ARG001 - as the others
    filled = measured.merged("fresh", "list")
    if not filled.total_count:
        return undecided(gate, "no data", "no connection completed a sync (scenario steady_sync)")
    age = float(filled.get_value_at_percentile(95)) / 1e6
    return plain(gate, age, f"p95 over {filled.total_count:,} connections is {span(age)}")


_JUDGES: Mapping[str, Callable[[Gate, Measured, Circumstances], GateResult]] = {
    "errors": _errors,
    "limited": _errors,
    "platform_limited": _errors,
    "budget": _budget,
    "amplification": _amplification,
    "check_failures": _checks,
    "freshness": _freshness,
    "backlog_drained": backlog,
    "oldest_webhook": oldest,
    "lost_webhooks": lost,
    "refused_webhooks": refused,
}
