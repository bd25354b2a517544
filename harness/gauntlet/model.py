"""What a gauntlet says: outcomes of scenarios, faults, and the report over both."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from harness.core import Verdict

SCHEMA = "golive.gauntlet/1"


class Standing(StrEnum):
    """How a receiver came through a scenario."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Shot:
    """One request as it was fired. `headers` holds no secret: a signature tells nothing of its key."""

    name: str
    content: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...]
    mark: str
    """An id in the body by which it can be found again."""
    code: str


@dataclass(frozen=True, slots=True)
class Landing:
    """What a receiver did with a shot: its status (None: no answer, `problem` says why) after `seconds`."""

    shot: Shot
    status: int | None
    seconds: float
    problem: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether it was acknowledged."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether it was refused as the sender's mistake."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def broke(self) -> bool:
        """Whether the receiver failed: a 5xx, a redirect, or no answer."""
        return not self.accepted and not self.refused

    @property
    def hung(self) -> bool:
        """Whether no answer came in time."""
        return self.problem == "ReadTimeout"

    @property
    def cut_off(self) -> bool:
        """Whether the connection was closed instead of an answer."""
        return self.status is None and not self.hung

    def told(self) -> str:
        """What came back, for a person."""
        return f"HTTP {self.status}" if self.status is not None else f"no answer ({self.problem})"


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario. `culprits` are the exact headers or bodies that were answered wrongly, at most three."""

    id: str
    title: str
    standing: Standing
    shots: int
    right: int
    expected: str
    seen: str
    culprits: tuple[str, ...] = ()
    remedy: str | None = None

    @property
    def score(self) -> float | None:
        """The share of shots that were answered rightly; None when undecided."""
        return None if self.standing is Standing.UNDECIDED or not self.shots else self.right / self.shots


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the receiver, worked out from several scenarios. `id` is stable."""

    id: str
    message: str
    remedy: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GauntletReport:
    """All of it. `score` is the share of decided scenarios that passed."""

    url: str
    started_at: str
    scenarios: tuple[ScenarioResult, ...]
    faults: tuple[Fault, ...]
    shots: int

    @property
    def decided(self) -> tuple[ScenarioResult, ...]:
        """The scenarios with an outcome."""
        return tuple(item for item in self.scenarios if item.standing is not Standing.UNDECIDED)

    @property
    def score(self) -> float | None:
        """Passed among decided scenarios; None when nothing was decided."""
        decided = self.decided
        passed = sum(item.standing is Standing.PASSED for item in decided)
        return passed / len(decided) if decided else None

    @property
    def verdict(self) -> Verdict:
        """`no_go` when a scenario failed or a fault was named, `inconclusive` when one is undecided, else `go`."""
        if self.faults or any(item.standing is Standing.FAILED for item in self.scenarios):
            return Verdict.NO_GO
        undecided = len(self.decided) < len(self.scenarios)
        return Verdict.INCONCLUSIVE if undecided or not self.scenarios else Verdict.GO

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "schema": SCHEMA,
            "url": self.url,
            "started_at": self.started_at,
            "verdict": str(self.verdict),
            "score": self.score,
            "shots": self.shots,
            "faults": [asdict(item) for item in self.faults],
            "scenarios": [{**asdict(item), "score": item.score} for item in self.scenarios],
        }
