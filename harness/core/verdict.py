"""The words of the verdict and how they combine."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What a run says of its target."""

    GO = "go"
    NO_GO = "no_go"
    INCONCLUSIVE = "inconclusive"


class Strength(StrEnum):
    """What kind of evidence a verdict rests on, strongest first."""

    LIVE = "live"
    RECORDED = "recorded"
    EMULATED = "emulated"
    ATTESTED = "attested"
    """A person's word, with name, date and link; kept apart from the machine's evidence."""


class CaseOutcome(StrEnum):
    """How one case ended."""

    PASSED = "passed"
    FINDINGS = "findings"
    """The target has at least one defect, advisory ones included."""
    INCONCLUSIVE = "inconclusive"
    """There was nothing to judge: no data, not supported, connection not ready."""
    ERROR = "error"
    """The harness could not do its job."""


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """`no_go` wins over `inconclusive`, which wins over `go`. No verdict at all is `inconclusive`: no data never
    passes."""
    seen = set(verdicts)
    if Verdict.NO_GO in seen:
        return Verdict.NO_GO
    if not seen or Verdict.INCONCLUSIVE in seen:
        return Verdict.INCONCLUSIVE
    return Verdict.GO


def weakest(strengths: Iterable[Strength]) -> Strength | None:
    """The weakest strength of several, None for none: a chain holds no more than its weakest link."""
    order = list(Strength)
    ranked = sorted(strengths, key=order.index)
    return ranked[-1] if ranked else None
