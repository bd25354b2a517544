"""A case that was run several times: how often it held, and how sure that makes one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from harness.core import CaseOutcome
from harness.report.ledger import CaseResult

Z = 1.959964
"""Standard deviations of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a case was run and held."""

    made: int
    held: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of its pass rate (Wilson), 0 to 1."""
        return wilson(self.held, self.made)


def wilson(held: int, made: int) -> tuple[float, float]:
    """The Wilson interval of a share: honest for few attempts, where held/made pretends to know. Nothing tried is
    (0, 1)."""
    if made == 0:
        return 0.0, 1.0
    share, square = held / made, Z * Z
    middle = (share + square / (2 * made)) / (1 + square / made)
    reach = Z * sqrt(share * (1 - share) / made + square / (4 * made * made)) / (1 + square / made)
    low = 0.0 if held == 0 else max(0.0, middle - reach)
    high = 1.0 if held == made else min(1.0, middle + reach)
    return round(low, 4), round(high, 4)


def attempts_of(results: Iterable[CaseResult]) -> Attempts:
    """Counted over all results of one case."""
    outcomes: Sequence[CaseOutcome] = [result.outcome for result in results]
    return Attempts(len(outcomes), sum(outcome is CaseOutcome.PASSED for outcome in outcomes))
