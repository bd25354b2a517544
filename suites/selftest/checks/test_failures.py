"""Server failures that pass and those that last, and keys that a careless server takes for one."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from harness.checks import judge
from harness.checks.hygiene import Exchanges, Throttled
from harness.core import Exchange, Redactor, Request, Response, Severity
from harness.drive.idempotency import keys


@pytest.mark.parametrize(("passing", "severity"), [(True, Severity.ADVISORY), (False, Severity.BLOCKER)])
def test_a_failure_that_passes_does_not_vote(passing, severity):
    """A 5xx that did not last is told without a vote; one that lasts votes."""
    exchange = Exchange(
        request=Request("POST", "http://target.test/versioned/accounting/bills", (), b"{}"),
        response=Response(503, (("content-type", "application/json"),), b"{}"),
        problem=None,
        started_at=datetime(2025, 1, 1, tzinfo=UTC),
        elapsed=0.1,
        attempt=1,
        platform="XERO",
        connection_id=None,
        resource="bills",
        operation="create",
    )
    evidence = Redactor(b"key").evidence(exchange, case="writes/create/XERO/bills")
    ids = frozenset({evidence.id}) if passing else frozenset()
    subject = Exchanges.of("writes/create/XERO/bills", "XERO", "bills", [evidence], {}, ids)
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


def test_keys_differ_in_one_part_only():
    """Keys of a run are all different; shortened to their first or their last part many are the same."""
    made = list(islice(keys(), 100))
    assert len(set(made)) == 100
    assert len({key[:8] for key in made}) == 51
    assert len({key[-12:] for key in made}) == 51
