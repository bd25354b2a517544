"""A bad world on demand: late, broken off, refused before and after the commit, by route, chance and count."""

import random
import time

import httpx
import pytest

from harness.emulator.faults import FAULTS, parse
from harness.emulator.faults.plan import _RULES, _drawn
from harness.errors import UsageError

BILLS = "/accounting/bills"


@pytest.fixture(scope="module")
def double(start):
    """An emulator whose clock runs."""
    return start(frozen=False, connections=("QUICKBOOKS", "XERO"))


@pytest.fixture
def faults(double):
    """Switches faults on; off again after the test."""
    yield lambda *texts: double.own("POST", "faults", {"on": list(texts)})
    double.own("POST", "faults", {"on": []})


def vendor(double, key=None):
    """Create a vendor."""
    body = {"vendor": {"vendor_name": f"Fault {random.getrandbits(60)}", "contact_name": "A", "currency_code": "USD"}}
    headers = {"Idempotency-Key": key} if key else {}
    return body, double.api("POST", "/accounting/vendors", token=double.token("QUICKBOOKS"), json=body, headers=headers)


def count(double):
    """How many vendors there are."""
    return len(double.rows("/accounting/vendors", double.token("QUICKBOOKS")))


def test_every_fault_has_its_rule():
    """Each fault of the registry does something."""
    assert set(_RULES) == set(FAULTS)


@pytest.mark.parametrize(("text", "told"), [
    ("latncy", 'Did you mean "latency"'), ("latency:maen=1", 'Did you mean "mean"'), ("latency:mean=x", "not a float"),
    ("drop:p=2", "probability"), ("error_after:status=200", "500 to 599"), ("latency:distribution=odd", "one of"),
])  # fmt: skip
def test_wrong_faults_say_what_is_right(text, told):
    """A fault that is not understood is refused with the nearest right word or the range."""
    with pytest.raises(UsageError, match=told):
        parse(text)


@pytest.mark.parametrize("shape", ["uniform", "normal", "lognormal", "exponential", "pareto"])
def test_latencies_have_the_mean_that_was_asked_for(shape):
    """Over many draws the mean is the asked one, and nothing is negative."""
    chance = random.Random(1)  # noqa: S311 - repeatable, no secret
    drawn = [_drawn({"distribution": shape, "mean": 0.2, "spread": 0.05}, chance) for _ in range(20_000)]
    assert min(drawn) >= 0
    assert sum(drawn) / len(drawn) == pytest.approx(0.2, rel=0.15)


def test_an_error_before_the_commit_leaves_nothing(double, faults):
    """The write is a 5xx and nothing was made."""
    before = count(double)
    faults("error_before:status=503,method=POST")
    assert vendor(double)[1].status_code == 503
    assert count(double) == before


def test_an_error_after_the_commit_leaves_the_object(double, faults):
    """The write is a 5xx and the object is there: the outcome of a 5xx is indeterminate."""
    before = count(double)
    faults("error_after:method=POST,count=1")
    assert vendor(double, "after")[1].status_code == 500
    assert count(double) == before + 1


def test_a_dropped_connection_hides_whether_the_write_was_done(double, faults):
    """The connection closes without a byte; with drop nothing was done, with drop_after everything."""
    for name, made in (("drop", 0), ("drop_after", 1)):
        before = count(double)
        faults(f"{name}:method=POST")
        with pytest.raises(httpx.RemoteProtocolError):
            vendor(double)
        assert count(double) == before + made, name


def test_a_truncated_answer_is_noticed(double, faults):
    """The body is shorter than its head says."""
    faults("truncate:route=/accounting/bills")
    with pytest.raises(httpx.RemoteProtocolError):
        double.api("GET", BILLS, token=double.token("QUICKBOOKS"))
    assert double.api("GET", "/accounting/vendors", token=double.token("QUICKBOOKS")).status_code == 200


def test_storms_are_for_one_platform_or_for_all(double, faults):
    """A 452 hits the platform it is meant for, a 429 everybody; GET says how often they hit."""
    faults("platform_limit_storm:platform=XERO")
    seen = [double.api("GET", BILLS, token=double.token(name)).status_code for name in ("XERO", "QUICKBOOKS")]
    assert seen == [452, 200]
    faults("rate_limit_storm:count=2")
    seen = [double.api("GET", BILLS, token=double.token(name)).status_code for name in ("XERO", "QUICKBOOKS", "XERO")]
    assert seen == [429, 429, 200]
    assert double.own("GET", "faults")["on"] == [{"fault": "rate_limit_storm:count=2", "met": 3, "hit": 2}]


def test_chance_is_repeatable(double, faults):
    """The same seed gives the same lot, request by request, and about as many as the probability says."""
    lots = []
    for _ in range(2):
        faults("error_before:p=0.5,seed=7,method=GET")
        token = double.token("QUICKBOOKS")
        lots.append([double.api("GET", BILLS, token=token, params={"limit": 1}).status_code for _ in range(24)])
    assert lots[0] == lots[1]
    assert 4 <= lots[0].count(500) <= 20


def test_late_answers_are_right(double, faults):
    """A latency holds the answer back and changes nothing of it."""
    token = double.token("QUICKBOOKS")
    plain = double.api("GET", BILLS, token=token).json()
    faults("latency:mean=0.3")
    started = time.monotonic()
    assert double.api("GET", BILLS, token=token).json() == plain
    assert time.monotonic() - started >= 0.3


def test_a_slow_platform_gives_the_job(double, faults):
    """A prefer_sync write answers with its job, with status 200, and the job makes the object."""
    faults("slow_platform:method=POST")
    told = vendor(double)[1].json()["async_response"]
    job = {"status": "pending"}
    while job["status"] == "pending":
        job = double.api("GET", f"/jobs/{told['id']}").json()
    assert job["status"] == "success"
    assert job["response"]["body"]["vendor"]["id"]


def test_a_skewed_clock_moves_the_stamps(double, faults):
    """Stamps are off by what was asked for, other dates are not."""
    token = double.token("QUICKBOOKS")
    plain = double.api("GET", BILLS, token=token, params={"limit": 1}).json()["bills"][0]
    faults("clock_skew:seconds=-3600")
    moved = double.api("GET", BILLS, token=token, params={"limit": 1}).json()["bills"][0]
    assert moved["updated_at"] < plain["updated_at"]
    assert moved["issue_date"] == plain["issue_date"]
