"""A target that is away: waited for, then given up on, so that a run ends and blames nobody."""

from datetime import UTC, datetime

import pytest

from harness.core import Exchange, Redactor, Request, Response, TransportProblem
from harness.drive.outage import PAUSES, REFUSALS, Outage
from harness.errors import TargetUnreachable


class Clock:
    """Notes how long it was slept on."""

    def __init__(self):
        self.slept = []

    def now(self):
        return datetime.now(UTC)

    def monotonic(self):
        return sum(self.slept)

    def sleep(self, seconds):
        self.slept.append(seconds)


def answered(status, problem=None):
    """Evidence of a request that was answered `status`, or had a problem."""
    response = None if problem else Response(status, (), b"{}")
    request = Request("GET", "https://api.invalid/versioned/x", (), b"")
    exchange = Exchange(request=request, response=response, problem=problem, started_at=datetime.now(UTC), elapsed=0.0)
    return Redactor(b"key").evidence(exchange, case=None)


REFUSED = TransportProblem("connect", "refused", sent=False)


def attempts(*outcomes):
    """Attempts that end one after the other as told; the last outcome stays."""
    left = list(outcomes)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_a_target_that_comes_back_is_waited_for():
    """A restart costs a pause and nothing else."""
    clock = Clock()
    outage, attempt = Outage(clock), attempts(answered(0, REFUSED), answered(0, REFUSED), answered(200))
    assert outage.send(attempt, attempt).status == 200
    assert clock.slept == list(PAUSES[:2])


def test_a_target_that_stays_away_is_given_up():
    """After all pauses it is an error of the run, and the next request does not wait again."""
    clock = Clock()
    outage, attempt = Outage(clock), attempts(answered(0, REFUSED))
    for _ in range(2):
        with pytest.raises(TargetUnreachable, match="could not be reached any more"):
            outage.send(attempt, attempt)
    assert clock.slept == list(PAUSES)


def test_a_request_without_an_answer_is_not_repeated():
    """What was sent may have been done: only what was never sent is sent again."""
    clock = Clock()
    outage, attempt = Outage(clock), attempts(answered(0, TransportProblem("timeout", "no answer", sent=True)))
    assert outage.send(attempt, attempt).status is None
    assert clock.slept == []


def test_a_target_that_only_refuses_is_given_up():
    """Some requests in a row that end with 429 end the run; one that is answered in between does not."""
    outage = Outage(Clock())
    refused = attempts(answered(429))
    for attempt in [refused] * (REFUSALS - 1) + [attempts(answered(200))] + [refused] * REFUSALS:
        outage.send(attempt, attempt)
    with pytest.raises(TargetUnreachable, match="nothing but 429"):
        outage.send(refused, refused)
