"""What a stage of a rollout needs of the API: said by the planner, shown by the report. Frozen values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchTime:
    """One batch of the initial sync of everybody who is new, all at once. Times in seconds; None: never. `wave`: how
    many users may join at once so that each has the batch in time; `fits`: even the last of all of them has it."""

    batch: str
    requests: int
    together: float | None
    allowed: float
    wave: int
    fits: bool


@dataclass(frozen=True, slots=True)
class Infeasible:
    """What does not fit, and each single change that would make it fit."""

    what: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StageCapacity:
    """What a stage needs. `average` and `peak` are requests per hour by endpoint class, shares are of the
    organisation's whole limit, times in seconds. `headroom` is what is left of the planned share at peak, negative when
    it does not fit; `feasible` tells that nothing stands against the stage."""

    stage: str
    connections: int
    new: int
    by_platform: dict[str, int]
    average: dict[str, float]
    peak: dict[str, float]
    planned_share: float
    average_share: float
    peak_share: float
    headroom: float
    batches: tuple[BatchTime, ...]
    shortest_sync: float | None
    sync_every: float
    backfill_seconds: float | None
    backfill_at_peak: bool
    infeasible: tuple[Infeasible, ...] = ()
    feasible: bool = True
