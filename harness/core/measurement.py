"""What a load test says: gates and the outcome of a stage. Frozen values, for the judge and for the report."""

from dataclasses import dataclass
from enum import StrEnum


class GateState(StrEnum):
    """How a gate stands."""

    HELD = "held"
    LOST = "lost"
    UNDECIDED = "undecided"
    """Too little data. Never a pass."""
    NOT_RUN = "not_run"
    """What it measures did not take part in this test, and the plan does not ask for it."""


class StageOutcome(StrEnum):
    """What a load test says of its stage."""

    PROMOTE = "promote"
    HOLD = "hold"
    ROLL_BACK = "roll_back"
    INVALID = "invalid"
    """The load generator was too weak or broke: the test says nothing about the target."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate: `seen` is what was measured, `why` what decides it; `missing` requests would decide it."""

    gate: str
    state: GateState
    seen: str
    why: str
    missing: int | None = None
