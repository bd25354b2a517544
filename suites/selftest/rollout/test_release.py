"""Arrivals leave by the plan: never early, and what a pause held back never faster than the plan and two percent."""

from bisect import bisect_right
from collections.abc import Callable

import pytest

from harness.rollout.operations import Operation
from harness.rollout.release import MOMENT, Release, busiest
from harness.rollout.work import Flow, Step

STEP = Step("list", "GET", "/bills")


def planned(rate: int, seconds: int) -> list[Operation]:
    """Evenly spaced arrivals from the instant 100."""
    flow = Flow("steady_sync", "list", 1, rate * seconds, (STEP,))
    moments = (100 + number / rate for number in range(flow.count))
    return [Operation(STEP, flow, moment, moment) for moment in moments]


def played(operations: list[Operation], awake: Callable[[float], bool], until: float) -> tuple[list[float], Release]:
    """When each was released by a loop that looks every 2 ms while it is awake."""
    dues = [item.due for item in operations]
    release = Release(iter(operations), busiest(dues, 1.0), busiest(dues, MOMENT))
    moments = []
    for turn in range(round((until - 100) / 0.002) + 1):
        now = 100 + turn * 0.002
        while awake(now) and (operation := release.take(now)) is not None:
            assert operation.due <= now
            moments.append(now)
    return moments, release


def most(moments: list[float], window: float) -> int:
    """Most in any sliding window of that many seconds."""
    return max(bisect_right(moments, moment + window - 1e-6) - place for place, moment in enumerate(moments))


@pytest.mark.parametrize("rate", [50, 100, 500])
@pytest.mark.parametrize("asleep", [0.026, 0.3, 3.0])
def test_a_backlog_is_never_bunched(rate: int, asleep: float) -> None:
    """After a loop slept, no second holds more than the plan and two percent (one arrival, where that is more), and no
    moment more than twice the plan."""
    operations = planned(rate, 20)
    moments, release = played(operations, lambda now: not 105 <= now < 105 + asleep, until=125)
    assert most(moments, 1.0) <= max(rate + 1, rate * 1.02)
    assert most(moments, MOMENT) <= 2 * max(1, rate * MOMENT)
    assert len(moments) + len(release.rest()) == len(operations)


def test_a_loop_that_keeps_up_delays_nothing() -> None:
    """Without a pause every arrival leaves in the turn in which it is due."""
    operations = planned(500, 5)
    moments, release = played(operations, lambda _now: True, until=106)
    assert not release.rest()
    assert max(moment - operation.due for moment, operation in zip(moments, operations, strict=True)) < 0.0021


def test_what_is_held_back_is_told() -> None:
    """A backlog that cannot leave yet says when it can; what never left is still there, with the time it was due."""
    operations = planned(10, 3)
    release = Release(iter(operations), 10, 1)
    taken = 0
    while release.take(102.0) is not None:
        taken += 1
    assert taken == 2
    assert release.next_at(102.0) == 102.0 + MOMENT
    moment = 102.0
    while release.next_at(102.0) < 102.9:
        moment += MOMENT
        taken += release.take(moment) is not None
    assert taken == 11
    assert release.next_at(102.0) == 103.0
    assert [operation.due for operation in release.rest()] == [item.due for item in operations[taken:]]


def test_the_busiest_window_of_a_plan_counts_bursts() -> None:
    """Arrivals of one moment count together, and a window ends before the instant that is its length later."""
    assert busiest([1.0, 1.0, 1.0, 1.5, 2.0, 2.4], 1.0) == 4
    assert busiest([100 + number / 50 for number in range(500)], 1.0) == 50
    assert busiest([], 1.0) == 0
