"""How sure a measurement is: sequential tests, exact intervals, order statistics, slopes, comparisons.

Everything is at 95 % one-sided confidence unless told otherwise, and everything can say "not enough data".
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
_NORMAL = NormalDist()


def needed_without_failure(share: float, confidence: float = CONFIDENCE) -> int:
    """How many successes in a row show that failures are at most `share`: 59 for 5 %, 299 for 1 %, 2,995 for 0.1 %."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - share))


def binomial_below(count: int, total: int, share: float) -> float:
    """P(at most `count` of `total`) when each has the probability `share`."""
    if count < 0:
        return 0.0
    if count >= total:
        return 1.0
    return _beta(1 - share, total - count, count + 1)


def share_at_least(count: int, total: int, confidence: float = CONFIDENCE) -> float:
    """Exact (Clopper-Pearson) lower bound of a share."""
    return 0.0 if count == 0 else _bisect(lambda share: 1 - binomial_below(count - 1, total, share) < 1 - confidence)


def share_at_most(count: int, total: int, confidence: float = CONFIDENCE) -> float:
    """Exact (Clopper-Pearson) upper bound of a share; 1 without data."""
    if total == 0 or count >= total:
        return 1.0
    return _bisect(lambda share: binomial_below(count, total, share) > 1 - confidence)


def percentile_ranks(total: int, quantile: float, confidence: float = CONFIDENCE) -> tuple[int | None, int | None]:
    """1-based ranks of the order statistics that bound a percentile from below and from above; None where so few
    values bound it on that side by nothing."""
    if total == 0:
        return None, None
    low, high = 0, total + 1
    while high - low > 1:  # the smallest rank u with P(fewer than u values lie below the percentile) >= confidence
        middle = (low + high) // 2
        low, high = (low, middle) if binomial_below(middle - 1, total, quantile) >= confidence else (middle, high)
    above = high if binomial_below(total - 1, total, quantile) >= confidence and high <= total else None
    low, high = 0, total + 1
    while high - low > 1:  # the largest rank l with P(fewer than l values lie below it) <= 1 - confidence
        middle = (low + high) // 2
        low, high = (middle, high) if binomial_below(middle - 1, total, quantile) <= 1 - confidence else (low, middle)
    return low or None, above


@dataclass(frozen=True, slots=True)
class Sprt:
    """Wald's sequential test of a failure rate: `good` against `bad`, each wrong verdict at most `risk` likely."""

    good: float
    bad: float
    risk: float = 0.05

    @classmethod
    def of(cls, objective: float, risk: float = 0.05) -> "Sprt":
        """For an objective of at most `objective`: half of it is good, twice of it is bad."""
        return cls(objective / 2, min(0.999, objective * 2), risk)

    def evidence(self, failures: int, total: int) -> float:
        """The logarithm of the likelihood ratio, bad over good."""
        fails, passes = math.log(self.bad / self.good), math.log((1 - self.bad) / (1 - self.good))
        return failures * fails + (total - failures) * passes

    def decide(self, failures: int, total: int) -> bool | None:
        """True: good. False: bad. None: go on."""
        seen = self.evidence(failures, total)
        if seen >= math.log((1 - self.risk) / self.risk):
            return False
        return True if seen <= math.log(self.risk / (1 - self.risk)) else None

    def needed(self, failures: int, total: int) -> int:
        """Further requests without a failure until it is called good."""
        missing = self.evidence(failures, total) - math.log(self.risk / (1 - self.risk))
        return max(0, math.ceil(missing / -math.log((1 - self.bad) / (1 - self.good))))


@dataclass(frozen=True, slots=True)
class Compared:
    """A share against a factor of an earlier share. `power`: how likely a real doubling of that bound is noticed."""

    worse: bool
    no_worse: bool
    power: float


def compare_shares(now: tuple[int, int], before: tuple[int, int], factor: float) -> Compared:
    """Two shares, each (failures, total), with one failure added to the earlier so that none is a share too.

    `worse` when even the lower bound now is above the bound; `no_worse` when the upper bound now is below it.
    """
    bound = min(0.999, (before[0] + 1) / (before[1] + 1) * factor) if before[1] else 0.999
    total = now[1]
    if total == 0:
        return Compared(False, False, 0.0)
    spread = math.sqrt(bound * (1 - bound) / total)
    doubled = min(0.999, 2 * bound)
    distance = doubled - bound - _NORMAL.inv_cdf(CONFIDENCE) * spread
    power = _NORMAL.cdf(distance / math.sqrt(doubled * (1 - doubled) / total))
    return Compared(share_at_least(*now) > bound, share_at_most(*now) <= bound, power)


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight line through points, per second, with the half width of its interval."""

    value: float
    half: float
    at_end: float


def slope(points: Sequence[tuple[float, float]]) -> Slope | None:
    """Least squares; None for fewer than four points or no spread in time."""
    count = len(points)
    if count < 4:
        return None
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if spread == 0:
        return None
    value = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - value * (x - mean_x)) ** 2 for x, y in points)
    half = _NORMAL.inv_cdf(CONFIDENCE) * math.sqrt(rest / (count - 2) / spread)
    return Slope(value, half, max(0.0, mean_y + value * (points[-1][0] - mean_x)))


def _bisect(below: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function, by its continued fraction (Lentz)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    total = d
    for step in range(1, 10_000):
        for factor in (
            step * (b - step) * x / ((a - 1 + 2 * step) * (a + 2 * step)),
            -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 1 + 2 * step)),
        ):
            d = 1 / (1 + factor * d)
            c = 1 + factor / c
            total *= c * d
        if abs(1 - c * d) < 1e-12:
            break
    return front * total
