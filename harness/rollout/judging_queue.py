"""The gates on a backend's queue of webhooks: drained, young enough, nothing lost."""

from harness.core.measurement import GateResult, GateState
from harness.plan.gates import Gate
from harness.rollout.backend import Queue
from harness.rollout.circumstances import Circumstances, plain, span, undecided
from harness.rollout.measuring import Measured
from harness.rollout.statistics import needed_without_failure, share_at_least, share_at_most, slope

LEAST_WEBHOOKS = needed_without_failure(0.01)
"""Webhooks that must have been raised before a gate on lost ones can hold: a loss of one in a hundred then shows."""


def backlog(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:  # noqa: ARG001 - as the others
    """How long it takes until nothing waits, at the slope of the later half."""
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
        return undecided(gate, f"{len(points)} looks at the backlog", "a slope needs more of them")
    seen = f"{line.at_end:,.0f} waiting, {line.value:+.1f} per second (± {line.half:.1f})"
    if line.value + line.half >= 0:
        return GateResult(gate.text, GateState.LOST, seen, "the backlog does not shrink")
    time = line.at_end / -(line.value + line.half)
    return plain(gate, time, f"{seen}: empty in {span(time)} at the slowest")


def oldest(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:  # noqa: ARG001 - as the others
    """The most that a webhook had waited at any look."""
    if around.queue is None:
        return _without_backend(gate, around)
    if around.queue.silences or not around.queue.states:
        return _untold(gate, around.queue)
    ages, slowest = [state.oldest_seconds for _, state in around.queue.states], around.queue.slowest
    seen = f"at most {span(max(ages))} old in {len(ages)} looks"
    if slowest > 0:
        seen += f", taken {span(slowest)} after the first try at the latest"
    return plain(gate, max(*ages, slowest), seen)


def lost(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:
    """Raised, not processed, and not on its way or waiting."""
    queue = around.queue
    if queue is None:
        return _without_backend(gate, around)
    sent = measured.total("sent", "webhook") if queue.raised is None else queue.raised
    if not sent:
        return undecided(gate, "no data", "no webhook was sent (scenario webhook_burst)")
    if not queue.states or (queue.silences and queue.silences[-1][0] > queue.states[-1][0]):
        return _untold(gate, queue)
    waiting = queue.undelivered + queue.states[-1][1].backlog
    lost = max(0, sent - queue.processed - waiting)
    seen = f"{lost:,} of {sent:,} webhooks ({lost / sent:.2%}) were never processed"
    if not gate.holds(lost / sent):
        return GateResult(gate.text, GateState.LOST, seen, "they were raised, and nothing is on its way or waits")
    if waiting:
        return undecided(gate, seen, f"{waiting:,} of them still wait", waiting)
    if sent < LEAST_WEBHOOKS:
        missing = LEAST_WEBHOOKS - sent
        why = f"{missing:,} more would show, by 95 %, that fewer than 1 % are lost (webhooks_at_once, play)"
        return undecided(gate, seen, why, missing)
    return GateResult(gate.text, GateState.HELD, seen, f"so at most {share_at_most(lost, sent):.2%} are lost, by 95 %")


def refused(gate: Gate, measured: Measured, around: Circumstances) -> GateResult:
    """Deliveries that were not taken at once. They come again, minutes later, until the provider gives up."""
    queue = around.queue
    if queue is None:
        return _without_backend(gate, around)
    count, total = queue.refused, queue.tried
    if total is None:
        count, total = measured.total("errors", "webhook"), measured.total("answered", "webhook")
    if not total:
        return undecided(gate, "no data", "no webhook was sent (scenario webhook_burst)")
    seen = f"{count:,} of {total:,} deliveries ({count / total:.2%}) were not taken with a 2xx"
    least, most = share_at_least(count, total), share_at_most(count, total)
    if least > gate.bound or (count and not gate.bound):
        return GateResult(gate.text, GateState.LOST, seen, f"at least {least:.2%} by 95 %")
    if most <= gate.bound or not (gate.bound or count):
        return GateResult(gate.text, GateState.HELD, seen, f"at most {most:.2%} by 95 %")
    return undecided(gate, seen, f"{least:.2%} to {most:.2%} by 95 %: more deliveries would narrow it", total)


def _untold(gate: Gate, queue: Queue) -> GateResult:
    """The backend did not tell its queue: under load that is a failure of the backend, not of the test."""
    if not queue.silences:
        return undecided(gate, "no data", "the backend told nothing of its queue")
    at, why = queue.silences[0]
    seen = f"{len(queue.silences)} of {len(queue.silences) + len(queue.states)} looks were not answered"
    return GateResult(gate.text, GateState.LOST, seen, f"first {at:.0f} s after the start: {why}")


def _without_backend(gate: Gate, around: Circumstances) -> GateResult:
    state = GateState.UNDECIDED if around.backend_required else GateState.NOT_RUN
    return GateResult(gate.text, state, "not run", "no integration backend took part (--backend URL)")
