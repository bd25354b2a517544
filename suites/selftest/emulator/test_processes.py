"""Several emulator processes on one database, and one that is killed: what a client was told stays true."""

import json
import os
import signal
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness.core import Secret
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.emulator.server import export_lines

ROOT = Path(__file__).parents[3]
VENDOR = {"vendor": {"vendor_name": "Both", "contact_name": "Both", "currency_code": "USD"}}


class Caller:
    """Calls one process with the token of its QuickBooks connection."""

    def __init__(self, process):
        environment = process.environment()
        self.token = environment["RUTTER_ACCESS_TOKEN_QUICKBOOKS"]
        self.http = httpx.Client(
            base_url=process.base_url, timeout=30, headers={"X-Rutter-Version": "2024-08-31"},
            auth=(environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"]),
        )  # fmt: skip

    def __call__(self, method, path, *, token=None, params=None, **options):
        return self.http.request(
            method, path, params={"access_token": token or self.token, **(params or {})}, **options
        )


@pytest.fixture
def start():
    """Starts emulators, each with a caller; what still runs is stopped afterwards."""
    running = []

    def starting(**settings):
        process = EmulatorProcess.start(EmulatorSettings(connections=("QUICKBOOKS",), **settings))
        running.append((process, Caller(process)))
        return running[-1]

    yield starting
    for process, caller in running:
        caller.http.close()
        process.stop()


def test_a_shell_reads_the_lines_that_point_it_at_the_emulator():
    """The export lines give a shell each value as it is, whatever letters a secret has."""
    secret = "a\"b'c$d`e\\f&g;h|i<j"
    lines = export_lines(EmulatorSettings(client_secret=Secret(secret)))
    command = "\n".join([*lines, 'printf %s "$RUTTER_CLIENT_SECRET"'])
    told = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert told.stdout == secret


def test_two_processes_are_one_api(start, postgresql):
    """Cursors, jobs, keys, connections, configurations and the limit hold in whichever process answers."""
    url = postgresql()
    (_, one), (_, two) = (start(database=url, rate_limit=24, rate_window=60.0) for _ in range(2))
    page = one("GET", "/accounting/vendors", params={"limit": 60}).json()
    rest = two("GET", "/accounting/vendors", params={"limit": 60, "cursor": page["next_cursor"]}).json()
    ids = [row["id"] for row in (*page["vendors"], *rest["vendors"])]
    assert len(ids) == len(set(ids)) == 90

    key = {"Idempotency-Key": str(uuid.uuid4())}
    made = one("POST", "/accounting/vendors", json=VENDOR, headers=key)
    assert two("POST", "/accounting/vendors", json=VENDOR, headers=key).json() == made.json()
    job = two("GET", f"/jobs/{made.headers['x-rutter-job-id']}").json()
    assert job["response"]["body"] == made.json()
    assert two("GET", f"/accounting/vendors/{made.json()['vendor']['id']}").status_code == 200

    linked = one("POST", "/connections/create", json={}).json()["connection"]
    assert two("GET", "/connections/status", token=linked["access_token"]).status_code == 200
    renewed = two("POST", "/connections/access_token/invalidate", token=linked["access_token"]).json()
    assert one("GET", "/connections/status", token=renewed["new_access_token"]).status_code == 200

    config = one("GET", "/configs/sync/platforms/QUICKBOOKS").json()
    config["incrementalSync"]["syncPeriodInMinutes"] = 90
    assert two("POST", "/configs/sync/platforms/QUICKBOOKS", json=config).status_code == 200
    kept = one("GET", "/configs/sync/platforms/QUICKBOOKS").json()
    assert kept["incrementalSync"]["syncPeriodInMinutes"] == 90

    statuses = [caller("GET", "/jobs/unknown").status_code for caller in (one, two) * 8]
    assert statuses.index(429) == 24 - 13
    assert set(statuses[11:]) == {429}


def test_one_key_makes_one_object_over_two_processes(postgresql):
    """Concurrent writes of one key to two processes make one object, and every answer names it."""
    assert postgresql
    proof = [sys.executable, str(ROOT / "loadtests" / "same_key.py"), "40"]
    done = subprocess.run(proof, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    assert done.returncode == 0, done.stdout + done.stderr
    assert "40 keys, 160 writes over 2 processes" in done.stdout


def test_a_killed_emulator_has_every_write_that_it_answered(start, tmp_path):
    """Killed in the middle of 1,000 writes on a file: every answered write is there after the restart, none twice."""
    settings = {"rate_limit": 0, "database": str(tmp_path / "books.sqlite")}
    process, caller = start(**settings)
    answered: dict[str, str] = {}

    def write(number):
        name = f"write {number:04d}"
        try:
            answer = caller("POST", "/accounting/vendors", headers={"Idempotency-Key": name},
                            json={"vendor": {**VENDOR["vendor"], "vendor_name": name}})  # fmt: skip
        except httpx.TransportError:
            return
        assert answer.status_code == 200, answer.text
        answered[name] = answer.json()["vendor"]["id"]
        if len(answered) == 500:
            os.kill(process.pid, signal.SIGKILL)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(1000)))
    assert 500 <= len(answered) < 1000
    _, again = start(**settings)
    found, cursor = {}, None
    while True:
        query = {"filter": 'vendor_name~"write "', "limit": 500, **({"cursor": cursor} if cursor else {})}
        page = again("GET", "/accounting/vendors", params=query).json()
        for row in page["vendors"]:
            assert row["vendor_name"] not in found
            found[row["vendor_name"]] = row["id"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert answered.items() <= found.items()
    name = next(iter(answered))
    replayed = again("POST", "/accounting/vendors", headers={"Idempotency-Key": name},
                     json={"vendor": {**VENDOR["vendor"], "vendor_name": name}})  # fmt: skip
    assert replayed.json()["vendor"]["id"] == answered[name]
    assert json.loads(again("GET", f"/jobs/{replayed.headers['x-rutter-job-id']}").content)["status"] == "success"


def test_an_accepted_job_outlives_the_process(start, tmp_path, eventually):
    """An asynchronous write that was accepted is done by the next process when the first one is killed before it."""
    settings = {"rate_limit": 0, "database": str(tmp_path / "books.sqlite"), "async_delay": 2.0}
    process, caller = start(**settings)
    told = caller("POST", "/accounting/vendors", json={**VENDOR, "response_mode": "async"}).json()["async_response"]
    os.kill(process.pid, signal.SIGKILL)
    _, again = start(**settings)
    job = eventually(lambda: again("GET", f"/jobs/{told['id']}").json(), lambda job: job["status"] != "pending")
    assert job["status"] == "success"
    id = job["response"]["body"]["vendor"]["id"]
    assert again("GET", f"/accounting/vendors/{id}").status_code == 200


def test_a_database_that_cannot_be_used_is_told(tmp_path):
    """A second emulator on one SQLite file, and a URL of nothing, end with a reason and what to do."""
    file = str(tmp_path / "books.sqlite")
    owner = EmulatorProcess.start(EmulatorSettings(database=file))
    try:
        for database, reason in ((file, "another emulator"), ("nosuch://x", "nosuch")):
            done = subprocess.run(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", "harness.cli", "emulator", "--port", "0", "--database", database],
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            assert done.returncode == 3
            assert reason in done.stderr
    finally:
        owner.stop()


OWNER = """
import sys
from harness.emulator import EmulatorProcess, EmulatorSettings
process = EmulatorProcess.start(EmulatorSettings(connections=("QUICKBOOKS",)))
print(process.pid, flush=True)
sys.stdin.read()
"""


def test_an_emulator_does_not_outlive_who_started_it(eventually):
    """An emulator ends when the process that started it is killed, which can end nothing itself any more."""
    owner = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    pid = int(owner.stdout.readline())
    assert _lives(pid)
    owner.kill()
    owner.communicate()
    assert not eventually(lambda: _lives(pid), lambda lives: not lives)


def _lives(pid):
    """Whether a process runs; one that ended and that nobody waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
