"""The double over a real socket: what the facts say of access, lists, writes, keys, jobs and limits."""

import uuid
from contextlib import contextmanager

import httpx
import pytest

from harness.emulator import EmulatorProcess, EmulatorSettings

VERSION = {"X-Rutter-Version": "2024-08-31"}


class Caller:
    """Calls one emulator as an integrator does."""

    def __init__(self, process):
        environment = process.environment()
        self.environment = environment
        self.auth = (environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"])
        self.http = httpx.Client(base_url=process.base_url, timeout=10)

    def __call__(self, method, path, *, platform="QUICKBOOKS", token=None, auth="own", headers=None, **options):
        query = dict(options.pop("params", {}))
        if platform is not None:
            query["access_token"] = token or self.environment[f"RUTTER_ACCESS_TOKEN_{platform}"]
        return self.http.request(
            method, path, params=query, headers={**VERSION, **(headers or {})},
            auth=self.auth if auth == "own" else auth, **options,
        )  # fmt: skip

    def bill(self, **more):
        """A body for a new bill."""
        vendor = self("GET", "/accounting/vendors", params={"limit": 1}).json()["vendors"][0]["id"]
        expense = {"filter": 'account_type="expense"', "limit": 1}
        account = self("GET", "/accounting/accounts", params=expense).json()["accounts"][0]["id"]
        line = {"account_id": account, "total_amount": 10.25, "description": "one"}
        return {"bill": {"vendor_id": vendor, "issue_date": "2024-02-29T00:00:00.000Z", "currency_code": "USD",
                         "line_items": [line], **more}}  # fmt: skip


@contextmanager
def opened(settings):
    """A caller of an emulator that is stopped afterwards."""
    process = EmulatorProcess.start(settings)
    caller = Caller(process)
    try:
        yield caller
    finally:
        caller.http.close()
        process.stop()


@pytest.fixture(scope="module")
def call(database):
    """A caller of an emulator without a limit."""
    with opened(EmulatorSettings(rate_limit=0, database=database)) as caller:
        yield caller


def test_wrong_credentials_are_401(call):
    """A wrong pair, no pair and a wrong token are 401 INVALID_CREDENTIALS in the flat body."""
    for answer in (call("GET", "/accounting/bills", auth=("a", "b")), call("GET", "/accounting/bills", auth=None),
                   call("GET", "/accounting/bills", token=str(uuid.uuid4()))):  # fmt: skip
        assert answer.status_code == 401
        assert answer.json()["error_code"] == "INVALID_CREDENTIALS"
        assert answer.headers["x-rutter-request-id"]


def test_missing_token_or_version_is_refused(call):
    """A request without its token, or without a version, is a 4xx."""
    assert 400 <= call("GET", "/accounting/bills", platform=None).status_code < 500
    assert 400 <= call("GET", "/accounting/bills", headers={"X-Rutter-Version": ""}).status_code < 500


def test_pages_are_complete_disjoint_and_end(call):
    """Pages of ten hold what pages of a hundred hold, once each."""

    def ids(limit):
        found, cursor = [], None
        while True:
            page = call(
                "GET", "/accounting/bills", params={"limit": limit, **({"cursor": cursor} if cursor else {})}
            ).json()
            found += [row["id"] for row in page["bills"]]
            cursor = page.get("next_cursor")
            if cursor is None:
                return found

    small, large = ids(10), ids(100)
    assert small == large
    assert len(set(small)) == len(small) > 100


def test_a_filter_on_an_unknown_field_is_400(call):
    """A field that is not filterable is refused; Sage Intacct ignores filters. Source: trap 10."""
    assert call("GET", "/accounting/bills", params={"filter": 'nothing="x"'}).status_code == 400
    ignored = call("GET", "/accounting/bills", platform="SAGE_INTACCT", params={"filter": 'nothing="x"'})
    assert ignored.status_code == 200
    assert ignored.json()["bills"]


def test_patch_replaces_the_lines_of_bills(call):
    """Sent lines replace all lines; what is not sent stays. Source: trap 24."""
    body = call.bill(memo="kept")
    body["bill"]["line_items"] *= 3
    made = call("POST", "/accounting/bills", json=body).json()["bill"]
    line = body["bill"]["line_items"][0]
    after = call("PATCH", f"/accounting/bills/{made['id']}", json={"bill": {"line_items": [line]}}).json()["bill"]
    assert len(after["line_items"]) == 1
    assert (after["total_amount"], after["memo"]) == (10.25, "kept")


def test_delete_answers_the_same_form_twice(call):
    """deleted, then not_found, both 200; the object is 410 afterwards. Source: trap 23."""
    made = call("POST", "/accounting/bills", json=call.bill()).json()["bill"]
    path = f"/accounting/bills/{made['id']}"
    assert call("DELETE", path).json() == {"code": "deleted", "success": True}
    assert call("DELETE", path).json()["code"] == "not_found"
    assert call("GET", path).status_code in {404, 410}


def test_a_key_replays_and_refuses_another_body(call):
    """Same key, same body: the same object. Same key, other body: 409. Source: idempotency guide."""
    key, body = {"Idempotency-Key": str(uuid.uuid4())}, call.bill()
    first = call("POST", "/accounting/bills", json=body, headers=key)
    assert first.headers["x-rutter-job-id"]
    assert call("POST", "/accounting/bills", json=body, headers=key).json() == first.json()
    assert call("POST", "/accounting/bills", json=call.bill(memo="other"), headers=key).status_code == 409


def test_a_rejected_key_is_free_and_a_refused_one_is_bound(call):
    """A 400 leaves the key free; a 450 is stored and replayed. Source: trap 4."""
    key = {"Idempotency-Key": str(uuid.uuid4())}
    assert call("POST", "/accounting/bills", json={"bill": {}}, headers=key).status_code == 400
    assert call("POST", "/accounting/bills", json=call.bill(), headers=key).status_code == 200
    key, body = {"Idempotency-Key": str(uuid.uuid4())}, call.bill(vendor_id=str(uuid.uuid4()))
    first, again = (call("POST", "/accounting/bills", json=body, headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 450
    assert first.headers["x-rutter-job-id"]


def test_an_asynchronous_write_is_a_job(call, eventually):
    """async answers with a job; the bare job ends with the body that a synchronous call has. Source: traps 1 to 3."""
    told = call("POST", "/accounting/bills", json={**call.bill(), "response_mode": "async"}).json()["async_response"]
    job = eventually(
        lambda: call("GET", f"/jobs/{told['id']}", platform=None).json(),
        lambda job: job["status"] not in {"prequeued", "pending"},
    )
    assert job["status"] == "success"
    assert job["response"]["http_status"] == 200
    assert job["response"]["body"]["bill"]["id"]


def test_a_payment_moves_what_it_pays(call):
    """A payment lowers what is due and its removal restores it."""
    made = call("POST", "/accounting/bills", json=call.bill()).json()["bill"]
    bank = call("GET", "/accounting/accounts", params={"filter": 'account_type="bank"', "limit": 1}).json()["accounts"][
        0
    ]
    body = {"bill_payment": {"account_id": bank["id"], "vendor_id": made["vendor_id"], "currency_code": "USD",
                             "transaction_date": "2024-03-01T00:00:00.000Z",
                             "linked_bills": [{"id": made["id"], "allocated_amount": 4.25}]}}  # fmt: skip
    paid = call("POST", "/accounting/bill_payments", json=body).json()["bill_payment"]
    path = f"/accounting/bills/{made['id']}"
    assert call("GET", path).json()["bill"]["amount_due"] == 6
    call("DELETE", f"/accounting/bill_payments/{paid['id']}")
    assert call("GET", path).json()["bill"]["amount_due"] == 10.25


def test_deleting_a_document_unlinks_what_named_it(call):
    """A credit memo that is deleted is no longer listed by the bill it was applied to: no dangling reference."""
    made = call("POST", "/accounting/bills", json=call.bill()).json()["bill"]
    line = {"account_id": made["line_items"][0]["account_id"], "total_amount": 5}
    memo = call("POST", "/accounting/bill_credit_memos", json={"bill_credit_memo": {
        "vendor_id": made["vendor_id"], "issue_date": "2024-03-01T00:00:00.000Z", "currency_code": "USD",
        "line_items": [line]}}).json()["bill_credit_memo"]  # fmt: skip
    applied = call("POST", "/accounting/bill_credit_applications", json={"bill_credit_application": {
        "bill_credit_memo_id": memo["id"], "vendor_id": made["vendor_id"], "currency_code": "USD",
        "transaction_date": "2024-03-02T00:00:00.000Z",
        "linked_bills": [{"id": made["id"], "allocated_amount": 2}]}})  # fmt: skip
    assert applied.status_code == 200
    path = f"/accounting/bills/{made['id']}"
    assert call("GET", path).json()["bill"]["amount_due"] == 8.25
    call("DELETE", f"/accounting/bill_credit_memos/{memo['id']}")
    after = call("GET", path).json()["bill"]
    assert (after["amount_due"], after["linked_credit_memos"]) == (10.25, [])


def test_the_organisation_has_one_limit():
    """Beyond the limit every connection is answered 429. Source: [H:7238576299]."""
    with opened(EmulatorSettings(rate_limit=5, rate_window=30.0)) as limited:
        statuses = [
            limited("GET", "/accounting/bills", platform=name, params={"limit": 1}).status_code
            for name in ("QUICKBOOKS", "XERO") * 4
        ]
    assert statuses == [200] * 5 + [429] * 3


def test_a_database_file_keeps_the_state(tmp_path):
    """With a file the books survive a restart."""
    settings = EmulatorSettings(rate_limit=0, database=str(tmp_path / "books.sqlite"))
    with opened(settings) as first:
        id = first("POST", "/accounting/bills", json=first.bill(memo="survives")).json()["bill"]["id"]
    with opened(settings) as second:
        assert second("GET", f"/accounting/bills/{id}").json()["bill"]["memo"] == "survives"
