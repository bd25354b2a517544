"""The reference backend's webhooks through its socket: what is acknowledged is kept, once, whatever happens."""

import base64
import hashlib
import hmac
import json
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from random import Random

import httpx
import pytest
from sqlalchemy import create_engine

from harness.backend import BackendProcess, BackendSettings
from harness.backend.database import Database
from harness.backend.mirror import Mirror
from harness.backend.vault import new_key
from harness.contract import load_contract
from harness.core import Secret, SystemClock, Verdict
from harness.gauntlet import Plan, Receiver, run_gauntlet
from harness.rollout.backend import look

SECRET, PREVIOUS, TOKEN = "client-secret-of-a-test", "previous-secret-of-a-test", "access-token-of-a-test"
HOOKS = "/webhooks/rutter"


def signature(content, secret=SECRET):
    """What the API sends for these bytes."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


def webhook(kind, code, connection, **extra):
    """The bytes of an event."""
    body = {"type": kind, "code": code, "connection_id": connection, "access_token": TOKEN, **extra}
    return json.dumps(body, separators=(",", ":")).encode()


def post(http, url, content, secret=SECRET):
    """Deliver an event; the status, None when the connection broke."""
    try:
        return http.post(
            url + HOOKS, content=content, headers={"X-Rutter-Signature": signature(content, secret)}
        ).status_code
    except httpx.TransportError:
        return None


BOTH = pytest.mark.parametrize("settings", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def settings(request, tmp_path):
    """Settings of a backend on a file of this test's own, or on a database of a private PostgreSQL."""
    return settings_on(getattr(request, "param", "sqlite"), tmp_path, request)


def settings_on(kind, folder, request):
    """Settings of a backend on a database of that kind."""
    file = f"sqlite:///{folder / 'backend.sqlite3'}"
    database = file if kind == "sqlite" else request.getfixturevalue("postgresql")()
    return BackendSettings(
        base_url="http://127.0.0.1:1/versioned", client_id="client", client_secret=Secret(SECRET),
        previous_client_secret=Secret(PREVIOUS), vault_keys=(Secret(new_key()),),
        database=database, budget_file=str(folder / "rate.sqlite3"), lease_seconds=1.0, idle_seconds=0.02, syncers=0,
    )  # fmt: skip


@pytest.fixture
def start():
    """Starts backends and ends those that still run."""
    running = []

    def begin(settings):
        running.append(BackendProcess.start(settings))
        return running[-1]

    yield begin
    for process in running:
        if process.process.returncode is None:
            process.stop()


@pytest.fixture
def settled(eventually):
    """`settled(http, url)`: the health of a backend once nothing waits in its inbox."""
    return lambda http, url: eventually(lambda: http.get(f"{url}/health").json(), lambda found: found["waiting"] == 0)


@pytest.fixture
def http():
    """A client for the backend's addresses."""
    with httpx.Client(timeout=20) as client:
        yield client


def rows(settings, query):
    """Rows of the backend's database, read from outside."""
    engine = create_engine(settings.database)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]
    finally:
        engine.dispose()


def test_the_reference_runs_the_gauntlet_without_a_fault(settings, start):
    """The reference gets 100 % of the gauntlet, with every scenario decided and a kill in the middle."""
    process = start(settings)
    receiver = Receiver(
        process.url + HOOKS, Secret(SECRET), SystemClock(), Secret(PREVIOUS),
        process.url + "/events?connection_id={mark}",
    )  # fmt: skip

    def restart():
        process.kill()
        start(process.settings)

    plan = Plan(burst=200, slow_seconds=0.05, prompt_seconds=10.0, patience=10.0, restart=restart)
    try:
        report = run_gauntlet(receiver, plan, load_contract())
    finally:
        receiver.close()
    assert [item for item in report.scenarios if item.standing != "passed"] == []
    assert (report.faults, report.verdict) == ((), Verdict.GO)


@BOTH
def test_nothing_that_was_acknowledged_is_lost_to_kill_9(settings, start, http, settled):
    """Webhooks shuffled, one in ten twice, one in twenty signed wrongly, while the process is killed again and again:
    every acknowledged event has its effect, and no wrongly signed one has any."""
    random = Random(7)  # noqa: S311 - a fixed shuffle
    events = [
        webhook("BILL", "BILL_DELETED", f"connection-{number % 7}", bill={"id": f"bill-{number}"})
        for number in range(400)
    ]
    forged = [
        webhook("BILL", "BILL_DELETED", f"connection-{number % 7}", bill={"id": f"forged-{number}"})
        for number in range(20)
    ]
    waiting = [(content, SECRET) for content in [*events, *random.sample(events, 40)]]
    waiting += [(content, "another-secret") for content in forged]
    random.shuffle(waiting)
    process, rounds = start(settings), 0
    while waiting:
        batch, waiting = waiting[:120], waiting[120:]
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(post, http, process.url, *item) for item in batch]
            if rounds < 3:
                process.kill()
            statuses = [item.result() for item in sent]
        # The sender tries again what was not acknowledged, as the API does.
        waiting += [item for item, status in zip(batch, statuses, strict=True) if status not in {200, 401}]
        rounds += 1
        if process.process.returncode is not None:
            process = start(settings)
    health = settled(http, process.url)
    assert (health["waiting"], health["dead"]) == (0, 0)
    gone = Counter(id for (id,) in rows(settings, "SELECT id FROM tombstones"))
    assert gone == Counter({f"bill-{number}": 1 for number in range(400)})


@BOTH
def test_a_token_is_nowhere_in_the_database(settings, start, http, settled, dump):
    """The access tokens in webhook bodies are on no page and nowhere in the database, in no encoding: neither under
    their names, nor in an address, nor in a text; and of a job nothing is kept that was written by it."""
    process = start(settings)
    address = f"https://api.example/versioned/accounting/bills?access_token={TOKEN}&limit=1"
    quoted = f"https://link.example/?next=%2Fbills%3Faccess_token%3D{PREVIOUS}"
    events = (
        webhook("CONNECTION", "INITIAL_UPDATE", "c1", deep=[{"access_token": TOKEN}]),
        webhook("CONNECTION", "CONNECTION_UPDATED", "c1", update_url=address, told=f"the token {TOKEN} works"),
        webhook("CONNECTION", "CONNECTION_DISABLED", "c1", url=quoted, **{TOKEN: 1}),
        webhook("JOB", "JOB_COMPLETED", "c1", job={"id": "j1", "status": "success", "request": {
            "url": address, "body": {"memo": "what was written"}}}),
    )  # fmt: skip
    for content in events:
        assert post(http, process.url, content) == 200
    settled(http, process.url)
    pages = b"".join(
        http.get(process.url + page).content for page in ("/events", "/dead-letters", "/health", "/metrics")
    )
    held = dump(settings.database) + pages
    process.stop()
    held += dump(settings.database)
    forms = {form for secret in (TOKEN, PREVIOUS, SECRET) for form in (
        secret.encode(), base64.b64encode(secret.encode()), secret.encode().hex().encode())}  # fmt: skip
    assert [form for form in forms if form in held] == []
    assert b"INITIAL_UPDATE" in held
    assert b"j1" in held
    assert b"what was written" not in held


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def one_backend(request, tmp_path_factory):
    """One backend for all strange events, on a file or on PostgreSQL: what one of them breaks, the next ones tell."""
    settings = settings_on(request.param, tmp_path_factory.mktemp("one_backend"), request)
    process = BackendProcess.start(settings)
    yield settings, process
    process.stop()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"type":"BILL","code":"BILL_UPDATED","connection_id":"c1","bill":{"id":"b1","memo":"\\ud83d"}}', 200),
        (b'{"type":"BILL","code":"BILL_DELETED","connection_id":"c1","bill":{"id":"\\ud83d\\u0000"}}', 200),
        (b'{"type":"BILL","code":"BILL_\\ud83d","connection_id":"\\u0000\\ud83d"}', 200),
        (b'{"type":"BILL","code":"BILL_DELETED","bill":{"id":"' + b"b" * 200 + b'"},"connection_id":"c1"}', 200),
        (b'{"type":"BILL","code":"BILL_UPDATED","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400),
        (b'{"type":"BILL","code":"BILL_UPDATED","x":' + b"[" * 700 + b"]" * 700 + b"}", 400),
        (b'{"type":"BILL","code":"BILL_UPDATED","x":' + b"7" * 6_000 + b"}", 400),
    ],
    ids=["half a character", "ids", "names", "long ids", "deep", "less deep", "long number"],
)
def test_strange_json_harms_nobody(one_backend, http, settled, request, content, status):
    """An event that JSON allows and a database would refuse is kept, one that cannot be read is refused, and neither
    holds up the events that come at the same time."""
    settings, process = one_backend
    ids = {f"{request.node.callspec.id} {number}" for number in range(20)}
    others = [webhook("BILL", "BILL_DELETED", "c1", bill={"id": id}) for id in ids]
    with ThreadPoolExecutor(8) as pool:
        strange = pool.submit(post, http, process.url, content)
        assert set(pool.map(lambda other: post(http, process.url, other), others)) == {200}
    assert strange.result() == status
    health = settled(http, process.url)
    assert (health["waiting"], health["dead"]) == (0, 0)
    gone = {id for (id,) in rows(settings, "SELECT id FROM tombstones")}
    assert gone >= ids


@BOTH
def test_a_row_with_half_a_character_is_mirrored(settings):
    """A text that was cut in the middle of an emoji, as JavaScript does, is stored and shown as it came."""
    database = Database(settings.database)
    row = {"id": "b1", "memo": "\ud83d", "last_synced_at": "2026-01-01T00:00:00Z"}
    with database.begin() as connection:
        Mirror(database).keep(connection, "c1", "bills", [row], 1)
    assert Mirror(database).rows("c1", "bills") == [row]
    database.close()


@BOTH
def test_the_same_event_long_after_is_a_new_one(settings, start, http, settled):
    """Within the window the same bytes are one event; after it they have their effect again. What is told of a
    connection holds no time: it may happen twice in a minute, and is read again each time."""
    process = start(replace(settings, repeat_window=0.0))
    content = webhook("BILL", "BILL_UPDATED", "c1", bill={"id": "b1"})
    for _ in range(2):
        assert post(http, process.url, content) == 200
        settled(http, process.url)
    assert rows(settings, "SELECT count FROM wishes WHERE what = 'bills'") == [(2,)]
    process.stop()
    # A lease that outlives its event would hold the next one up for longer than anybody waits here.
    process = start(replace(settings, lease_seconds=3600.0))
    for event in (content, *[webhook("CONNECTION", "CONNECTION_NEEDS_UPDATE", "c1")] * 2):
        assert post(http, process.url, event) == 200
        settled(http, process.url)
    assert rows(settings, "SELECT count FROM wishes WHERE what = 'bills'") == [(2,)]
    assert rows(settings, "SELECT count FROM wishes WHERE what = 'connection'") == [(2,)]


@BOTH
def test_two_processes_share_one_inbox(settings, start, http, settled):
    """Events that one process took in are worked off by another, each once, and a load test sees it at either."""
    takes, works = start(replace(settings, workers=0)), start(settings)
    for number in range(50):
        assert post(http, takes.url, webhook("BILL", "BILL_DELETED", "c1", bill={"id": f"b{number}"})) == 200
    assert settled(http, works.url)["waiting"] == 0
    assert [(look(url).backlog, look(url).processed) for url in (takes.url, works.url)] == [(0, 50), (0, 50)]
    assert rows(settings, "SELECT count(*), sum(count) FROM wishes WHERE what = 'bills'") == [(1, 50)]


def test_a_database_that_refuses_is_told_to_the_sender(settings, start, http):
    """An event that cannot be stored is answered with 503, so that it is sent again, and never with 200."""
    process = start(settings)
    path = settings.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE inbox")
    assert post(http, process.url, webhook("BILL", "BILL_CREATED", "c1", bill={"id": "b1"})) == 503
    assert http.get(f"{process.url}/health").status_code == 503
