"""What the controlling process and a bench say to each other: one JSON line each way."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BenchOrder:
    """How a bench is set up. `plans` are paths; `homes` maps each resource to the platform on which it is proven."""

    plans: tuple[str, ...]
    homes: dict[str, str]
    directory: str
    commands: int
    """Inherited file descriptor to read orders from."""
    answers: int
    """Inherited file descriptor to write results to."""

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> "BenchOrder":
        """The inverse of `dumps`."""
        data = json.loads(text)
        return cls(**{**data, "plans": tuple(data["plans"])})


@dataclass(frozen=True, slots=True)
class Trial:
    """Run these cases in this order with these defects on. Stops at the first detection of each check in `until`;
    empty `until` runs all. `places` are the resources at which a finding counts (`api` for the API as a whole), beside
    those that the defect really changed; `areas` the areas in which it counts."""

    name: str
    defects: tuple[str, ...]
    cases: tuple[str, ...]
    until: tuple[str, ...] = ()
    thorough: bool = False
    places: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    votes: bool = True
    probe: int = 0
    """After so many cases that met nothing of the defect, the rest is not tried; 0: all are."""
    seed: int | None = None
    """Of the emulator; another one than before starts another emulator. None: its default."""

    def dumps(self) -> str:
        """As one line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def loads(cls, text: str) -> "Trial":
        """The inverse of `dumps`."""
        data: dict[str, Any] = json.loads(text)
        values: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in data.items()}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Found:
    """A finding in short. `right` says that it counts: right place, right area, and it votes if it has to."""

    check: str
    resource: str
    field: str | None
    case: str
    right: bool
    requests: int
    """Requests of the trial up to the end of the case."""
    seconds: float
    message: str


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """How one case went: what it cost, what it judged."""

    id: str
    outcome: str
    requests: int
    seconds: float
    checks: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What came of a trial. `met` are (resource or `api`, operation) that the defect changed, with counts."""

    name: str
    cases: tuple[CaseFacts, ...]
    found: tuple[Found, ...]
    met: tuple[tuple[str, str, int], ...]
    seconds: float

    def dumps(self) -> str:
        """As one line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def loads(cls, text: str) -> "TrialResult":
        """The inverse of `dumps`."""
        data: dict[str, Any] = json.loads(text)
        return cls(
            name=data["name"],
            cases=tuple(CaseFacts(**{**item, "checks": tuple(item["checks"])}) for item in data["cases"]),
            found=tuple(Found(**item) for item in data["found"]),
            met=tuple((resource, operation, count) for resource, operation, count in data["met"]),
            seconds=data["seconds"],
        )
