"""Server failures that pass and those that last, and keys that a careless server takes for one."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from harness.checks import judge
from harness.checks.hygiene import Exchanges, PlatformLimited, Throttled
from harness.core import Exchange, Redactor, Request, Response, Severity, TransportProblem
from harness.drive.idempotency import keys


@pytest.mark.parametrize(("passing", "severity"), [(True, Severity.ADVISORY), (False, Severity.BLOCKER)])
def test_a_failure_that_passes_does_not_vote(passing, severity):
    """A 5xx that did not last is told without a vote; one that lasts votes."""
    evidence = Redactor(b"key").evidence(exchange(503), case="queries/limit/XERO/bills")
    ids = frozenset({evidence.id}) if passing else frozenset()
    subject = Exchanges.of("queries/limit/XERO/bills", "XERO", "bills", [evidence], {}, ids)
    assert [found.severity for found in judge(subject, ["hygiene.server_error"])] == [severity]


@pytest.mark.parametrize(
    ("count", "requests", "alone", "severities"),
    [
        (46, 290, True, [Severity.BLOCKER]),
        (46, 290, False, [Severity.ADVISORY]),
        (46, 9000, True, []),
        (3, 20, True, []),
    ],
    ids=["lower limit", "others share it", "edges of windows", "once or twice"],
)
def test_a_lower_rate_limit_is_noticed(count, requests, alone, severities):
    """Many 429 within the documented limit vote where nobody else uses it up; a few are nobody's fault."""
    subject = Throttled("fields/all/XERO/bills", "XERO", None, count, requests, "500/10s", alone, ())
    assert [found.severity for found in judge(subject, ["hygiene.rate_limit"])] == severities


def exchange(status=200, problem=None, body=b"{}", kind="application/json"):
    """An exchange with a list of bills."""
    response = None if problem else Response(status, (("content-type", kind), ("x-rutter-request-id", "r")), body)
    return Exchange(
        request=Request("GET", "http://target.test/versioned/accounting/bills", (), b""),
        response=response,
        problem=TransportProblem("protocol", problem, sent=True) if problem else None,
        started_at=datetime(2025, 1, 1, tzinfo=UTC),
        elapsed=0.1,
        attempt=1,
        platform="XERO",
        connection_id=None,
        resource="bills",
        operation="list",
    )


def judged(made, check):
    """The severities of what a check finds in one exchange."""
    evidence = Redactor(b"key").evidence(made, case="queries/limit/XERO/bills")
    subject = Exchanges.of("queries/limit/XERO/bills", "XERO", "bills", [evidence], {}, frozenset())
    return [found.severity for found in judge(subject, [check])]


def test_an_answer_that_breaks_off_is_a_failure():
    """A body shorter than announced is a failure of the server; a kept connection that was closed is none."""
    short = "peer closed connection without sending complete message body (received 9 bytes, expected 90)"
    assert judged(exchange(problem=short), "hygiene.server_error") == [Severity.BLOCKER]
    assert judged(exchange(problem="Server disconnected without sending a response."), "hygiene.server_error") == []


def test_the_page_of_a_failure_is_no_second_finding():
    """A 503 with a page of a gateway is a failure; a 404 with a page is no documented error."""
    page = {"body": b"<html>busy</html>", "kind": "text/html"}
    assert judged(exchange(503, **page), "hygiene.json") == []
    assert judged(exchange(503, **page), "hygiene.server_error") == [Severity.BLOCKER]
    assert judged(exchange(404, **page), "hygiene.json") == [Severity.BLOCKER]


@pytest.mark.parametrize(("count", "severity"), [(1, Severity.ADVISORY), (3, Severity.BLOCKER)])
def test_reads_do_not_meet_the_limit_of_the_platform(count, severity):
    """A 452 to a read is told; from the third on it votes."""
    subject = PlatformLimited("c", "XERO", "bills", count, ("e",))
    assert [found.severity for found in judge(subject, ["hygiene.platform_limit"])] == [severity]


def test_keys_differ_in_one_part_only():
    """Keys of a run are all different; shortened to their first or their last part many are the same."""
    made = list(islice(keys(), 100))
    assert len(set(made)) == 100
    assert len({key[:8] for key in made}) == 51
    assert len({key[-12:] for key in made}) == 51
