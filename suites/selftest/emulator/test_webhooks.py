"""Webhooks of the double, received over a real socket: signatures, retries, causes, and abuse on demand."""

import base64
import hashlib
import hmac
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

HOUR = 3600
SPANS = [30, 60, 120, 240, 480]
"""Seconds between the six attempts."""


class Receiver(ThreadingHTTPServer):
    """Keeps what it gets. `answers` are the statuses of the next requests, 200 when they are used up; it answers while
    `answering` is set."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got, self.answers = [], []
        self.arrived = threading.Condition()
        self.answering = threading.Event()
        self.answering.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/hooks?of=test"

    def wait(self, count):
        """What has arrived, once it is so many."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, timeout=20), f"{len(self.got)} of {count}"
            return list(self.got)


class Handler(BaseHTTPRequestHandler):
    """One request of a sender."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        """Keep it and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.arrived:
            status = self.server.answers.pop(0) if self.server.answers else 200
            self.server.got.append((body, self.headers["X-Rutter-Signature"], self.path))
            self.server.arrived.notify_all()
        assert self.server.answering.wait(20)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def double(start):
    """An emulator whose clock stands."""
    return start(initial_batch_seconds=600.0, connections=("QUICKBOOKS", "NETSUITE"), linked_books="empty")


@pytest.fixture
def receiver(double):
    """A registered receiver that hears everything; its registration, the log and the abuse end with the test."""
    server = Receiver()
    id = double.own("POST", "webhooks", {"url": server.url})["id"]
    yield server
    double.own("POST", "webhooks/abuse", {})
    double.own("DELETE", f"webhooks/{id}")
    double.own("DELETE", "webhooks/deliveries")
    server.shutdown()
    server.server_close()


def signed(double, body):
    """The right signature of a body."""
    digest = hmac.new(double.auth[1].encode(), body, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()


def codes(got):
    """How often each code has arrived."""
    return Counter(json.loads(body)["code"] for body, _, _ in got)


def emit(double, code, **more):
    """An event on demand."""
    assert double.own("POST", "webhooks/emit", {"code": code, **more})["emitted"] == more.get("count", 1)


def deliveries(double, **query):
    """The log."""
    return httpx.get(f"{double.root}/_emulator/webhooks/deliveries", params=query).json()["deliveries"]


def test_a_delivery_is_signed_over_its_exact_bytes(double, receiver):
    """The signature holds over the raw body, and the log shows that very body."""
    emit(double, "CONNECTION_UPDATED", fields={"store_unique_id": "Zoë & Søn"})
    ((body, signature, path),) = receiver.wait(1)
    assert signature == signed(double, body)
    assert path == "/hooks?of=test"
    payload = json.loads(body)
    assert (payload["type"], payload["store_unique_id"]) == ("CONNECTION", "Zoë & Søn")
    assert payload["access_token"] == double.token("QUICKBOOKS")
    double.advance(0)
    (logged,) = deliveries(double, code="CONNECTION_UPDATED")
    assert (logged["body"].encode(), logged["state"]) == (body, "delivered")


def test_six_attempts_with_back_off_and_then_it_is_lost(double, receiver):
    """A refused delivery comes six times in about fifteen minutes of the emulator's clock, never a seventh time."""
    receiver.answers = [500] * 99
    emit(double, "CONNECTION_ERROR")
    double.advance(0)
    for number, span in enumerate(SPANS):
        double.advance(span - 1)
        assert codes(receiver.got)["CONNECTION_ERROR"] == number + 1
        double.advance(1.1)
        assert codes(receiver.got)["CONNECTION_ERROR"] == number + 2
    double.advance(HOUR)
    mine = [item for item in receiver.got if codes([item])["CONNECTION_ERROR"]]
    assert len(mine) == 6
    assert len({body for body, _, _ in mine}) == 1
    assert deliveries(double, code="CONNECTION_ERROR")[-1]["state"] == "failed"


def test_a_receiver_that_is_gone_is_tried_again(double, receiver):
    """A refused connection counts as a failed attempt and the event arrives when the receiver is back."""
    port = receiver.server_address[1]
    receiver.shutdown()
    receiver.server_close()
    emit(double, "CONNECTION_ERROR")
    double.advance(0)
    assert "ConnectionRefusedError" in deliveries(double)[-1]["attempts"][0]["error"]
    receiver.__class__.__bases__[0].__init__(receiver, ("127.0.0.1", port), Handler)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    double.advance(31)
    assert codes(receiver.wait(1))["CONNECTION_ERROR"] == 1


def test_every_event_type_of_the_contract_can_arrive(double, receiver):
    """All 113, each once, each with a family and its own code."""
    config = double.api("GET", "/configs/webhooks").json()
    types = next(item for item in config if item["allow_list"])["allow_list"]["allowedTypes"]
    assert len(types) == 113
    for code in types:
        emit(double, code)
    got = receiver.wait(113)
    assert codes(got) == dict.fromkeys(types, 1)
    assert all(json.loads(body)["type"] for body, _, _ in got)


def test_an_allow_list_is_honoured_and_shown(double, receiver):
    """An endpoint hears only its types, `/configs/webhooks` shows it as the dashboard has set it, and once it is gone
    nothing more is tried."""
    other = Receiver()
    made = double.own("POST", "webhooks", {"url": other.url, "allowed_types": ["BILL_CREATED"]})
    emit(double, "BILL_DELETED")
    emit(double, "BILL_CREATED")
    receiver.wait(2)
    assert codes(other.wait(1)) == {"BILL_CREATED": 1}
    assert double.api("GET", f"/configs/webhooks/{made['id']}").json() == made
    other.answers = [500]
    emit(double, "BILL_CREATED")
    other.wait(2)
    double.own("DELETE", f"webhooks/{made['id']}")
    double.advance(31)
    assert deliveries(double, endpoint=made["id"])[-1]["state"] == "dropped"
    assert len(other.got) == 2
    other.shutdown()
    other.server_close()


def test_other_machines_are_refused(double):
    """A webhook that is not for a loopback address is refused, and the message says how to allow it."""
    answer = httpx.post(f"{double.root}/_emulator/webhooks", json={"url": "http://198.51.100.7/hook"})
    assert answer.status_code == 400
    assert "webhook_hosts=any" in answer.json()["error_message"]


def test_a_life_is_told_in_webhooks(double, receiver):
    """Link, batches, syncs, failures and re-authentication raise the documented events with the documented fields."""
    id, token = double.link("NETSUITE")
    double.advance(1300)
    double.own("POST", "connection_state", {"id": id, "status": "needs_reauth"})
    double.own("POST", f"connections/{id}/authenticate", {})
    double.advance(0)
    double.own("POST", "connection_state", {"id": id, "status": "disabled", "reason": "SHOP_IS_LOCKED"})
    double.advance(0)
    mine = [json.loads(body) for body, _, _ in receiver.got if json.loads(body)["connection_id"] == id]
    assert Counter(item["code"] for item in mine) == {
        "CONNECTION_AUTHENTICATED": 2, "CONNECTION_METADATA_READY": 1, "INITIAL_UPDATE": 1, "HISTORICAL_UPDATE": 1,
        "CONNECTION_NEEDS_UPDATE": 1, "CONNECTION_UPDATED": 1, "CONNECTION_DISABLED": 1,
        "INCREMENTAL_SYNC_COMPLETED": 1,
    }  # fmt: skip
    assert {item["access_token"] for item in mine} == {token}
    history = next(item for item in mine if item["code"] == "HISTORICAL_UPDATE")
    assert {"platformEntity": "BILL", "xMonthsAgo": 24} in history["entities_included_to_time_range"]
    assert next(item for item in mine if item["code"] == "CONNECTION_NEEDS_UPDATE")["update_url"]


def test_a_write_is_told_at_once_or_with_the_sync(double, receiver):
    """QuickBooks Online tells of an API write at once, NetSuite with its next sync. Source: trap 36."""
    body = {"vendor": {"vendor_name": "A", "contact_name": "A", "currency_code": "USD"}}
    made = {}
    for platform in ("QUICKBOOKS", "NETSUITE"):
        answer = double.api("POST", "/accounting/vendors", token=double.token(platform), json=body)
        made[platform] = answer.json()["vendor"]["id"]
    (first,) = receiver.wait(1)
    payload = json.loads(first[0])
    assert (payload["type"], payload["code"]) == ("VENDOR", "VENDOR_CREATED")
    assert payload["vendor"][0]["id"] == made["QUICKBOOKS"]
    double.advance(HOUR)
    told = [json.loads(body) for body, _, _ in receiver.got]
    assert [item["vendor"][0]["id"] for item in told if item["code"] == "VENDOR_CREATED"] == [*made.values()]


def test_abuse_is_what_was_asked_for(double, receiver):
    """Each kind shows at the receiver: wrong signature then right, twice, again an hour later, late, never."""
    double.own("POST", "webhooks/abuse", {"wrong_signature": 0.5, "seed": 3})
    receiver.answers = []
    emit(double, "BILL_UPDATED", count=40)
    got = receiver.wait(40)
    wrong = [body for body, signature, _ in got if signature != signed(double, body)]
    assert 8 < len(wrong) < 32
    receiver.got.clear()
    double.own("POST", "webhooks/abuse", {"duplicate": 1.0, "replay": 1.0, "replay_after": HOUR})
    emit(double, "CONNECTION_ERROR")
    assert len({(body, signature) for body, signature, _ in receiver.wait(2)}) == 1
    double.advance(HOUR + 1)
    assert codes(receiver.got)["CONNECTION_ERROR"] == 3
    receiver.got.clear()
    double.own("POST", "webhooks/abuse", {"delay": 100, "burst": 50})
    emit(double, "CONNECTION_ERROR", count=3)
    double.advance(99)
    assert codes(receiver.got)["CONNECTION_ERROR"] == 0
    double.advance(52)
    assert codes(receiver.got)["CONNECTION_ERROR"] == 3
    receiver.got.clear()
    double.own("POST", "webhooks/abuse", {"drop": 1.0})
    emit(double, "CONNECTION_ERROR")
    double.advance(HOUR / 2)
    assert codes(receiver.got)["CONNECTION_ERROR"] == 0
    assert deliveries(double, state="dropped")


def test_abuse_begins_with_what_is_sent_next(double, receiver):
    """What the receiver has already got when abuse is set is not repeated."""
    receiver.answering.clear()
    emit(double, "CONNECTION_ERROR")
    receiver.wait(1)
    double.own("POST", "webhooks/abuse", {"duplicate": 1.0})
    receiver.answering.set()
    double.advance(0)
    assert codes(receiver.got)["CONNECTION_ERROR"] == 1


def test_reordering_is_seeded(double, receiver):
    """Within the window the order is another one, and the same seed gives the same order again."""
    double.own("POST", "webhooks/abuse", {"reorder": 60, "seed": 1})
    emit(double, "VENDOR_UPDATED", count=12)
    double.advance(61)
    order = [json.loads(body)["vendor"][0]["id"] for body, _, _ in receiver.got]
    asked = [item["payload"]["vendor"][0]["id"] for item in deliveries(double, code="VENDOR_UPDATED")][-12:]
    assert sorted(order) == sorted(asked)
    assert order != asked


def test_a_configured_part_of_the_raw_record_is_in_the_webhook(double, receiver):
    """platform_data_config picks values by JSONPath for one event type and platform. Source: [S24]."""
    config = next(item for item in double.api("GET", "/configs/webhooks").json() if item["url"] == receiver.url)
    double.api("PATCH", f"/configs/webhooks/{config['id']}/platform_data_config",
               json={"platform_data_config": {"VENDOR_UPDATED": {"QUICKBOOKS": {"raw_id": "$.Id"}}}})  # fmt: skip
    for platform in ("QUICKBOOKS", "NETSUITE"):
        emit(double, "VENDOR_UPDATED", connection=platform)
    shown = [json.loads(body)["vendor"][0] for body, _, _ in receiver.wait(2)]
    (with_data,) = [vendor for vendor in shown if "platform_data" in vendor]
    assert with_data["platform_data"] == {"raw_id": with_data["platform_id"]}


def test_waiting_deliveries_survive_a_restart(start, tmp_path):
    """What was refused before the emulator ended is tried again by the next one on the same file."""
    server = Receiver()
    server.answers = [503]
    settings = {"database": str(tmp_path / "world.sqlite"), "connections": ("STRIPE",)}
    first = start(**settings)
    first.own("POST", "webhooks", {"url": server.url})
    emit(first, "CONNECTION_ERROR", connection="STRIPE")
    first.advance(0)
    first.process.stop()
    assert len(server.got) == 1
    second = start(frozen=False, **settings)
    second.advance(31)
    assert server.got[0] == server.got[1]
    server.shutdown()
    server.server_close()
