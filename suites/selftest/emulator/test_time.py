"""The double over time, with a frozen clock: the lives of connections, syncs, and edits behind the API's back."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harness.contract import load_contract

HOUR = 3600
SYNCED = 1300
"""Seconds after which both batches of an initial sync are in."""


@pytest.fixture(scope="module")
def double(start):
    """An emulator whose clock stands."""
    return start(initial_batch_seconds=600.0, connections=("QUICKBOOKS", "NETSUITE", "SHOPIFY"))


def edited(double, verb, platform, resource, id="", **body):
    """An edit in the platform's own software."""
    return double.own(verb, f"platform/{platform}/{resource}" + (f"/{id}" if id else ""), body or None)


def status_of(double, token):
    """The status of a connection, valid against the contract."""
    body = double.api("GET", "/connections/status", token=token).json()
    assert list(load_contract().validator("GetConnectionStatusResponse").problems(body)) == []
    return body["status"]


def error_code(answer):
    """The code of an error body."""
    return answer.json()["error_code"]


def test_a_frozen_clock_moves_only_when_told(double):
    """While it is frozen two looks show the same instant; advance moves it by exactly that much."""
    first = double.own("GET", "clock")
    assert first["frozen"]
    assert double.own("GET", "clock")["now"] == first["now"]
    moved = double.advance(0.25)["now"]
    assert int(moved[-4:-1]) - int(first["now"][-4:-1]) in {250, -750}


def test_time_never_goes_back(double):
    """An instant in the past is refused with the present one in the message."""
    url = f"{double.root}/_emulator/clock"
    answer = httpx.post(url, json={"set": "2020-01-01T00:00:00Z"})
    assert answer.status_code == 400
    assert "does not go back" in answer.json()["error_message"]
    assert httpx.post(url, json={"advance": -1}).status_code == 400
    assert httpx.post(url, json={"warp": 1}).status_code == 400


def test_a_linked_connection_lives_through_its_initial_sync(double):
    """Not ready until the first batch is in, unless forced; the second batch brings history; then it is steady."""
    id, token = double.link("QUICKBOOKS")
    refused = double.api("GET", "/accounting/bills", token=token)
    assert (refused.status_code, error_code(refused)) == (400, "PRODUCT_NOT_READY")
    assert double.rows("/accounting/bills", token, force_fetch="true") == {}
    status = status_of(double, token)
    assert (status["is_ready"], status["historical_sync_status"]["num_batches_completed"]) == (False, 0)
    assert status["historical_sync_status"]["batches"][0]["progress_info"]["bill"]["status"] == "IN_PROGRESS"
    double.advance(601)
    first = double.rows("/accounting/bills", token)
    assert double.rows("/accounting/vendors", token), "vendors have no date: the first batch has all"
    assert double.connection(id)["status"] == "active"
    assert status_of(double, token)["historical_sync_status"]["num_batches_completed"] == 1
    double.advance(601)
    second = double.rows("/accounting/bills", token)
    assert first.keys() < second.keys()
    history = status_of(double, token)["historical_sync_status"]
    assert history["historical_sync_completed"]
    assert history["total"]["bill"]["synced_count"] == len(second)


def test_a_single_object_that_was_not_read_yet_is_no_null(double):
    """Before the first batch a forced read has no balance, which the contract spells as no balances, a store, which is
    null there, nor company, for which it has no word. Source: [S24]; trap 33."""
    for platform, path, status, told in (
        ("SHOPIFY", "/balance", 200, []), ("SHOPIFY", "/store", 200, None),
        ("NETSUITE", "/accounting/company_info", 410, None),
    ):  # fmt: skip
        _, token = double.link(platform)
        answer = double.api("GET", path, token=token, params={"force_fetch": "true"})
        assert (answer.status_code, answer.json().get(path.rpartition("/")[2])) == (status, told), path
        double.advance(SYNCED)
        found = double.api("GET", path, token=token)
        assert found.json()[path.rpartition("/")[2]], found.text


@pytest.mark.parametrize(("platform", "path"), [("PLAID", "/banking/bank_accounts"), ("GUSTO", "/hris/employees")])
def test_what_no_sync_configuration_names_is_synced(double, platform, path):
    """Banks and HRIS have no entity in sync configurations: a linked connection to one has its rows after the initial
    sync, and an edit in its software after the next one. Source: [S24] SyncEntity."""
    id, token = double.link(platform)
    double.advance(SYNCED)
    rows = double.rows(path, token)
    assert rows
    gone = next(iter(rows))
    edited(double, "DELETE", id, {"PLAID": "bank_accounts", "GUSTO": "hris_employees"}[platform], gone)
    double.advance(HOUR)
    assert double.rows(path, token).keys() == rows.keys() - {gone}


def test_a_connection_made_by_api_waits_for_its_end_user(double):
    """Its token exists before anyone has authenticated; data comes only after that. Source: trap 15."""
    made = double.api("POST", "/connections/create", json={}).json()["connection"]
    double.advance(5 * HOUR)
    assert error_code(double.api("GET", "/accounting/bills", token=made["access_token"])) == "PRODUCT_NOT_READY"
    double.own("POST", f"connections/{made['id']}/authenticate", {"platform": "QUICKBOOKS"})
    double.advance(SYNCED)
    assert double.rows("/accounting/bills", made["access_token"])
    assert double.connection(made["id"])["access_token"] == made["access_token"]


def test_an_edit_shows_after_the_next_sync(double):
    """On a platform that is not real time the API answers as before until the hourly sync; then `last_synced_at` has
    moved behind the platform's own `updated_at`. Source: [D:implementation-guides/webhooks]."""
    token = double.token("NETSUITE")
    id, before = next(iter(double.rows("/accounting/bills", token).items()))
    assert not edited(double, "PATCH", "NETSUITE", "bills", id, memo="by hand")["seen"]
    double.advance(60)
    assert double.rows("/accounting/bills", token)[id] == before
    double.advance(HOUR)
    after = double.rows("/accounting/bills", token)[id]
    assert after["memo"] == "by hand"
    assert before["last_synced_at"] < after["updated_at"] < after["last_synced_at"]


def test_an_edit_shows_at_once_on_a_real_time_platform(double):
    """QuickBooks Online tells of its changes; no sync is waited for. Source: trap 36."""
    token = double.token("QUICKBOOKS")
    vendor = next(iter(double.rows("/accounting/vendors", token)))
    account = next(iter(double.rows("/accounting/accounts", token, filter='account_type="expense"')))
    line = {"account_id": account, "total_amount": 12.5}
    made = edited(double, "POST", "QUICKBOOKS", "bills", vendor_id=vendor, currency_code="USD", line_items=[line],
                  issue_date="2026-11-30T00:00:00.000Z")  # fmt: skip
    assert made["seen"]
    assert double.rows("/accounting/bills", token)[made["id"]]["total_amount"] == 12.5


def test_a_delete_is_told_where_the_platform_can_tell(double):
    """NetSuite's delete shows in /events after the sync, Shopify's object just vanishes. Source: trap 14."""
    lists = {"NETSUITE": "/accounting/vendors", "SHOPIFY": "/products"}
    gone = {platform: next(iter(double.rows(path, double.token(platform)))) for platform, path in lists.items()}
    for platform, path in lists.items():
        edited(double, "DELETE", platform, path.rpartition("/")[2], gone[platform])
        assert gone[platform] in double.rows(path, double.token(platform))
    double.advance(HOUR)
    for platform, path in lists.items():
        token = double.token(platform)
        assert gone[platform] not in double.rows(path, token)
        events = double.api("GET", "/events", token=token, params={"type": "object_deleted"}).json()["events"]
        assert (gone[platform] in [event["data"]["id"] for event in events]) is (platform == "NETSUITE")


def test_what_is_deleted_stays_deleted(double):
    """Neither a later batch of the initial sync nor a backfill brings back what was deleted on the platform or by the
    API, and nobody can edit it there any more."""
    id, token = double.link("QUICKBOOKS")
    double.advance(601)
    by_hand, by_api = list(double.rows("/accounting/vendors", token))[:2]
    edited(double, "DELETE", id, "vendors", by_hand)
    assert double.api("DELETE", f"/accounting/vendors/{by_api}", token=token, json={}).json()["success"]
    double.advance(601)
    assert not {by_hand, by_api} & double.rows("/accounting/vendors", token).keys()
    start = {"start_date": "2024-01-01", "object_types": ["vendor"]}
    assert double.api("POST", "/connections/backfill", token=token, json=start).json() == {"success": True}
    double.advance(60)
    assert not {by_hand, by_api} & double.rows("/accounting/vendors", token).keys()
    for gone in (by_hand, by_api):
        assert httpx.get(f"{double.root}/_emulator/platform/{id}/vendors/{gone}").status_code == 404


def test_a_requested_sync_reads_only_what_was_asked(double):
    """An empty list syncs nothing, a type syncs that type, an absent list everything. Source: trap 19."""
    token = double.token("SHOPIFY")
    product, order = (next(iter(double.rows(path, token))) for path in ("/products", "/orders"))
    edited(double, "PATCH", "SHOPIFY", "products", product, name="Seen")
    edited(double, "PATCH", "SHOPIFY", "orders", order, name="Seen")

    def synced(body):
        assert double.api("POST", "/connections/incremental_sync", token=token, json=body).json() == {"success": True}
        double.advance(2)
        return (double.rows("/products", token)[product]["name"] == "Seen",
                double.rows("/orders", token)[order]["name"] == "Seen")  # fmt: skip

    assert synced({"object_types": []}) == (False, False)
    assert synced({"object_types": ["product"]}) == (True, False)
    assert synced({}) == (True, True)


def test_a_backfill_brings_history_and_pauses_syncs(double):
    """A new connection has two years; a backfill brings older bills, and no sync runs until it is done."""
    id, token = double.link("NETSUITE")
    double.advance(SYNCED)
    before = double.rows("/accounting/bills", token)
    body = {"start_date": "2023-01-01", "end_date": "2024-11-01", "object_types": ["bill"]}
    assert double.api("POST", "/connections/backfill", token=token, json=body).json() == {"success": True}
    some = next(iter(before))
    edited(double, "PATCH", id, "bills", some, memo="meanwhile")
    double.api("POST", "/connections/incremental_sync", token=token, json={})
    double.advance(2)
    assert double.rows("/accounting/bills", token)[some].get("memo") != "meanwhile"
    double.advance(10)
    after = double.rows("/accounting/bills", token)
    assert before.keys() < after.keys()
    assert after[some]["memo"] == "meanwhile"
    assert error_code(double.api("POST", "/connections/backfill", token=token,
                                 json={**body, "start_date": "2019-01-01"})) == "INVALID_REQUEST"  # fmt: skip


def test_repeated_failures_end_in_the_documented_reason(double):
    """One failed sync makes it unhealthy and still callable; the third ends it with the reason; re-authentication at
    its link brings it back with id and token unchanged. Source: [H:3136102942]."""
    id, token = double.link("QUICKBOOKS")
    double.advance(SYNCED)
    double.own("POST", f"connections/{id}/failing", {"reason": "FAILED TO AUTHENTICATE"})
    double.advance(HOUR)
    assert double.connection(id)["status"] == "unhealthy"
    assert double.rows("/accounting/bills", token)
    double.advance(2 * HOUR)
    assert error_code(double.api("GET", "/accounting/bills", token=token)) == "CONNECTION_DISABLED"
    status = double.api("GET", "/connections/status", token=token).json()["status"]
    assert status["disabled_status"] == {"is_disabled": True, "disabled_reason": "FAILED TO AUTHENTICATE"}
    double.own("POST", f"connections/{id}/authenticate", {})
    assert double.connection(id)["status"] == "active"
    assert double.rows("/accounting/bills", token)


def test_needs_reauth_refuses_until_authenticated(double):
    """The API refuses with NEEDS_UPDATE, edits wait, and the sync after re-authentication catches up."""
    id, token = double.link("NETSUITE")
    double.advance(SYNCED)
    double.own("POST", "connection_state", {"id": id, "status": "needs_reauth"})
    assert error_code(double.api("GET", "/accounting/bills", token=token)) == "NEEDS_UPDATE"
    double.own("POST", "connection_state", {"id": id, "status": "active"})
    some = next(iter(double.rows("/accounting/bills", token)))
    double.own("POST", "connection_state", {"id": id, "status": "needs_reauth"})
    edited(double, "PATCH", id, "bills", some, memo="while cut off")
    double.advance(3 * HOUR)
    double.own("POST", f"connections/{id}/authenticate", {})
    double.advance(0)
    assert double.rows("/accounting/bills", token)[some]["memo"] == "while cut off"


def test_an_invalidated_token_ends(double):
    """The new token works, the old one is 401. Source: [S24]."""
    id, token = double.link("QUICKBOOKS")
    double.advance(SYNCED)
    new = double.api("POST", "/connections/access_token/invalidate", token=token).json()["new_access_token"]
    assert double.api("GET", "/accounting/bills", token=token).status_code == 401
    assert double.connection(id)["access_token"] == new
    assert double.rows("/accounting/bills", new)


def test_time_and_what_is_due_survive_a_restart(start, tmp_path):
    """A second process on the same file stands at the same instant and finishes the initial sync of the first."""
    settings = {"database": str(tmp_path / "world.sqlite"), "connections": ("STRIPE",)}
    first = start(**settings)
    _, token = first.link("STRIPE")
    stood = first.advance(1)["now"]
    first.process.stop()
    second = start(frozen=False, **settings)
    assert second.own("GET", "clock")["now"] >= stood
    assert second.own("GET", "clock")["frozen"]
    second.advance(10)
    assert second.rows("/payouts", token)


def test_an_api_write_keeps_what_was_done_in_the_platform(double):
    """A write goes to the platform: an unseen edit of the same object is in its answer, and a later sync takes nothing
    of the write back, nor what other writes did to an object with an unseen edit."""
    token = double.token("NETSUITE")
    bills = double.rows("/accounting/bills", token, filter='status="open"') or double.rows("/accounting/bills", token)
    id = next(iter(bills))
    edited(double, "PATCH", "NETSUITE", "bills", id, document_number="BY-HAND")
    answer = double.api("PATCH", f"/accounting/bills/{id}", token=token, json={"bill": {"memo": "by api"}})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["bill"]["document_number"], answer.json()["bill"]["memo"]) == ("BY-HAND", "by api")
    double.advance(HOUR)
    after = double.rows("/accounting/bills", token)[id]
    assert (after["document_number"], after["memo"]) == ("BY-HAND", "by api")


@pytest.mark.parametrize(("delay", "waits", "shape"), [(10.0, 10, "product"), (40.0, 30, "async_response")])
def test_a_slow_platform_is_waited_for_half_a_minute(start, delay, waits, shape):
    """prefer_sync answers with the object when the platform is done within 30 s, with a job beyond it; the job still
    ends, and a replay of the key gives what was answered. Source: trap 1."""
    slow = start(platform_delay=delay, connections=("SHOPIFY",))
    body = {"product": {"name": "A", "description": "A", "variants": []}}
    send = {"token": slow.token("SHOPIFY"), "json": body, "headers": {"Idempotency-Key": "one"}}
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(slow.api, "POST", "/products", **send)
        while not any(due["task"] == "job" for due in slow.own("GET", "clock")["due"]):
            continue
        slow.advance(waits - 1)
        assert not sent.done()
        slow.advance(1.1)
        answer = sent.result(timeout=20)
    assert answer.status_code == 200
    assert list(answer.json()) == [shape]
    job = answer.headers["x-rutter-job-id"]
    slow.advance(delay)
    assert slow.api("GET", f"/jobs/{job}").json()["status"] == "success"
    assert slow.api("POST", "/products", **send).json() == answer.json()


def test_a_sync_configuration_of_its_own_decides_what_is_read(double):
    """A connection made with one has its period and its entities; a configuration without batches has no history and
    ends ready all the same."""
    config = {"initialSync": {"batches": [{"timeFrameInMonths": 240, "entities": ["VENDOR"]}]},
              "incrementalSync": {"syncPeriodInMinutes": 120, "entities": ["VENDOR"]}}  # fmt: skip
    body = {"platform": "NETSUITE", "syncConfig": config, "token_id": "i", "token_secret": "s", "consumer_key": "k",
            "consumer_secret": "c", "store_name": "n"}  # fmt: skip
    made = double.api("POST", "/connections/create", json=body).json()["connection"]
    empty = {**config, "initialSync": {"batches": []}}
    other = double.api("POST", "/connections/create", json={**body, "syncConfig": empty}).json()["connection"]
    double.advance(SYNCED)
    token = made["access_token"]
    vendor = next(iter(double.rows("/accounting/vendors", token)))
    assert double.rows("/accounting/bills", token) == {}
    assert double.rows("/accounting/vendors", other["access_token"]) == {}
    edited(double, "PATCH", made["id"], "vendors", vendor, contact_name="Seen")
    double.advance(HOUR)
    assert double.rows("/accounting/vendors", token)[vendor]["contact_name"] != "Seen"
    double.advance(HOUR)
    assert double.rows("/accounting/vendors", token)[vendor]["contact_name"] == "Seen"
    assert double.api("GET", f"/configs/sync/connections/{made['id']}").json() == config
