"""How sure a measurement is: known values, and the error rates that the tests promise."""

import random
from math import comb

import pytest

from harness.rollout.statistics import (
    Sprt,
    binomial_below,
    compare_shares,
    needed_without_failure,
    percentile_ranks,
    share_at_least,
    share_at_most,
    slope,
)


@pytest.mark.parametrize(("share", "needed"), [(0.05, 59), (0.01, 299), (0.001, 2995)])
def test_samples_needed_without_a_failure(share: float, needed: int) -> None:
    """95 percent confidence needs 59 samples for 5 %, 299 for 1 %, 2,995 for 0.1 %."""
    assert needed_without_failure(share) == needed


@pytest.mark.parametrize(("count", "total", "share"), [(0, 10, 0.1), (3, 20, 0.2), (297, 299, 0.99), (5, 1000, 0.01)])
def test_the_binomial_distribution_is_exact(count: int, total: int, share: float) -> None:
    """The distribution agrees with its sum."""
    exact = sum(comb(total, index) * share**index * (1 - share) ** (total - index) for index in range(count + 1))
    assert binomial_below(count, total, share) == pytest.approx(exact, rel=1e-9)


def test_few_values_do_not_bound_a_percentile() -> None:
    """298 values say nothing about p99 from above, 299 do."""
    assert percentile_ranks(298, 0.99)[1] is None
    assert percentile_ranks(299, 0.99)[1] == 299
    assert percentile_ranks(0, 0.5) == (None, None)


def test_intervals_of_shares_hold_the_truth() -> None:
    """The exact interval of a share has the stated bounds, also without failures."""
    assert share_at_most(0, 299) == pytest.approx(0.01, rel=0.01)
    assert share_at_least(5, 1000) < 0.005 < share_at_most(5, 1000)
    assert (share_at_least(0, 10), share_at_most(3, 0)) == (0.0, 1.0)


def rejected(rate: float, runs: int, seed: int, most: int = 2000) -> float:
    """The share of simulated runs in which the test of an objective of 1 % calls the target bad."""
    draw, test, bad = random.Random(seed), Sprt.of(0.01), 0  # noqa: S311 - a simulation
    for _ in range(runs):
        failures, decision, total = 0, None, 0
        while decision is None and total < most:
            failures += sum(draw.random() < rate for _ in range(20))
            total += 20
            decision = test.decide(failures, total)
        bad += decision is False
    return bad / runs


def test_half_the_objective_is_seldom_called_bad() -> None:
    """At half the error objective a false rollback happens in at most 5 % of runs, with the slack of 400 runs."""
    assert rejected(0.005, 400, seed=7) <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_twice_the_objective_is_called_bad() -> None:
    """At twice the objective at least 95 % of runs are lost, with the slack of 400 runs."""
    assert rejected(0.02, 400, seed=8) >= 0.95 - 2 * (0.05 * 0.95 / 400) ** 0.5


def test_the_test_says_how_much_is_missing() -> None:
    """As many further good requests as it asks for decide it."""
    test = Sprt.of(0.01)
    needed = test.needed(1, 100)
    assert test.decide(1, 100 + needed - 1) is None
    assert test.decide(1, 100 + needed) is True


def test_a_comparison_without_data_decides_nothing() -> None:
    """Against an earlier stage: clear differences are told, little data has no power."""
    assert compare_shares((100, 1000), (10, 1000), 1.5).worse
    assert compare_shares((5, 1000), (10, 1000), 1.5).no_worse
    little = compare_shares((0, 20), (10, 1000), 1.5)
    assert not little.worse
    assert not little.no_worse
    assert little.power < 0.5 < compare_shares((10, 5000), (10, 1000), 1.5).power


def test_a_slope_has_an_interval() -> None:
    """A line through points is found with its direction; three points are too few."""
    found = slope([(second, 100 - 2 * second + second % 2) for second in range(20)])
    assert found is not None
    assert found.value + found.half < 0
    assert found.value == pytest.approx(-2, abs=0.1)
    assert slope([(0, 1), (1, 2), (2, 3)]) is None
