"""The flows of the client: pages, jobs, the rate."""

import time

import pytest

from harness.client import SharedBudget, follow_job, job_reference, parse_rate, walk_pages
from harness.errors import UsageError


def walked(*bodies):
    """How a walk over these page bodies ends, and the cursors that it asked for."""
    flow = walk_pages("bills", maximum=4)
    cursors = [next(flow)]
    for body in bodies:
        try:
            cursors.append(flow.send(body))
        except StopIteration as ended:
            return ended.value, cursors
    return None, cursors


@pytest.mark.parametrize("last", [{"bills": []}, {"bills": [], "next_cursor": None}])
def test_a_walk_ends_with_null_or_no_cursor(last):
    """Both forms of the last page end a walk. Source: trap 12."""
    end, cursors = walked({"bills": [{}], "next_cursor": "a"}, last)
    assert end.complete
    assert cursors == [None, "a"]


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        ([None], "200"),
        ([{"data": []}], "no array"),
        ([{"bills": [], "next_cursor": 7}], "neither"),
        ([{"bills": [], "next_cursor": "a"}, {"bills": [], "next_cursor": "a"}], "repeats"),
        ([{"bills": [], "next_cursor": str(number)} for number in range(4)], "more than 4"),
    ],
)
def test_a_walk_says_why_it_did_not_end(bodies, told):
    """A page that is none, a cursor that repeats, a list without end: each ends the walk with its reason."""
    end, _ = walked(*bodies)
    assert not end.complete
    assert told in end.problem


def test_a_job_is_followed_to_its_end():
    """A job is looked at until it leaves its running states; partial_success counts as an end."""
    flow = follow_job()
    next(flow)
    flow.send({"status": "prequeued"})
    flow.send({"status": "pending"})
    with pytest.raises(StopIteration) as ended:
        flow.send({"status": "partial_success"})
    assert ended.value.value.finished


def test_a_write_that_answers_with_a_job_is_told_by_its_shape():
    """Any write may answer with a job and 200. Source: trap 1."""
    assert job_reference({"async_response": {"id": "x"}}) == "x"
    assert job_reference({"bill": {"id": "x"}}) is None


@pytest.mark.parametrize(("text", "rate"), [("500/10s", (500, 10.0)), ("5 / s", (5, 1.0)), ("off", None)])
def test_a_rate_is_read(text, rate):
    """Rates are requests per seconds, or off."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "0/10s", "10/0s", "10"])
def test_a_rate_that_is_none_is_refused(text):
    """What is no rate is refused with an example."""
    with pytest.raises(UsageError, match="500/10s"):
        parse_rate(text)


def test_one_budget_is_shared(tmp_path):
    """Two holders of one budget together keep the limit in each window."""
    budgets = [SharedBudget(10, 0.5, tmp_path / "rate.sqlite3") for _ in range(2)]
    started = time.monotonic()
    for number in range(19):
        budgets[number % 2].acquire()
    assert time.monotonic() - started >= 0.9
