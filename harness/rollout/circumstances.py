"""What gates are judged with besides the measurements, and how a judge words its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.measurement import GateResult, GateState
from harness.plan.gates import Gate
from harness.rollout.backend import Queue
from harness.rollout.measuring import Measured


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


def plain(gate: Gate, value: float, seen: str) -> GateResult:
    """A value that is known exactly, against the bound."""
    state = GateState.HELD if gate.holds(value) else GateState.LOST
    return GateResult(gate.text, state, seen, "measured exactly")


def undecided(gate: Gate, seen: str, why: str, missing: int | None = None) -> GateResult:
    """Too little to tell; `missing` requests or so would."""
    return GateResult(gate.text, GateState.UNDECIDED, seen, why, missing)


def span(value: float | None) -> str:
    """A time for people."""
    if value is None:
        return "unknown"
    if value < 1:
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} s" if value < 120 else f"{value / 60:.1f} min"
