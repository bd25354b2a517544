"""What the processes of a load test are told: flows of arrivals, the steps they send, the budget. Holds no secret."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import StorageError

UNIQUE = "@@golive-unique@@"
"""Stands in a body where each request needs a text of its own."""
TOKEN = "@@golive-token@@"  # noqa: S105 - a placeholder
"""Stands in a body for the access token of the step's platform."""

BUDGET = "GOLIVE_LOAD_BUDGET"
"""Environment: the place of the shared budget where it holds a password, which no file may."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `path` is relative to the base URL, or absolute; `platform` names the access token to add, None for
    none. `case` is the case of the plans whose step it is."""

    of: str
    method: str
    path: str
    platform: str | None = None
    body: str | None = None
    resource: str | None = None
    operation: str | None = None
    case: str | None = None
    walks: bool = False
    """Whether the next request of this step follows the cursor of the answer."""
    key: str | None = None
    """What an answer of success holds: the wrapper of the rows, or the job of an asynchronous write."""


@dataclass(frozen=True, slots=True)
class Flow:
    """`count` arrivals spread evenly over the test; arrival n sends step n modulo their number. `unit` arrivals in a
    row belong to one connection and stay in one process."""

    scenario: str
    of: str
    urgency: int
    count: int
    steps: tuple[Step, ...]
    unit: int = 1


@dataclass(frozen=True, slots=True)
class Work:
    """A whole load test. `slots` is the place of the shared budget (`open_slots`), None for no budget. Times in
    seconds."""

    stage: str
    base_url: str
    version: str
    seconds: float
    workers: int
    flows: tuple[Flow, ...]
    slots: str | None = None
    per_second: float = 0.0
    window: float = 10.0
    limit: int = 0
    jitter: float = 0.05
    sync_every: float = 3600.0
    job_looks: int = 0
    timeout: float = 35.0
    drain: float = 5.0
    samples: int = 12
    """Answers of each class that each process keeps for the checks."""
    in_flight: int = 1000
    raw: str | None = None
    """A folder for every single measurement, for proofs of the merging."""
    signed: bool = False
    """Whether webhook steps carry the signature of the organisation."""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """Arrivals of all flows."""
        return sum(flow.count for flow in self.flows)

    @property
    def requests(self) -> dict[str, int]:
        """Requests by endpoint class, looks at jobs included."""
        counts: dict[str, int] = {}
        for flow in self.flows:
            counts[flow.of] = counts.get(flow.of, 0) + flow.count
        if self.job_looks and counts.get("create"):
            counts["job"] = counts["create"]
        return counts

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        try:
            path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{path}: cannot write: {error.strerror or error}") from error

    @classmethod
    def load(cls, path: Path) -> "Work":
        """Read it back."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StorageError(f"{path}: is no work of a load test: {error}") from error
        flows = tuple(
            Flow(**{**flow, "steps": tuple(Step(**step) for step in flow["steps"])}) for flow in data["flows"]
        )
        return cls(**{**data, "flows": flows})
