"""A finding: one defect of the target, as data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding weighs in the verdict."""

    BLOCKER = "blocker"
    """Votes `no_go`."""
    ADVISORY = "advisory"
    """Shown, does not vote: the plan says so, or the fact it rests on is inferred or of another API version."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect of the target. `field` is a dotted path with `[]` for arrays, None when the whole answer is meant.
    `expected` and `seen` are short texts for a person; `evidence` cites ids of `Evidence`."""

    check: str
    severity: Severity
    case: str
    platform: str | None
    resource: str | None
    field: str | None
    message: str
    expected: str
    seen: str
    evidence: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A dict for files; `from_json` turns it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Finding":
        """The inverse of `to_json`."""
        return cls(**{**data, "severity": Severity(data["severity"]), "evidence": tuple(data["evidence"])})
