"""The shared budget: four processes use 500 requests per 10 s against the emulator's limit, by each kind of store."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from private_postgresql import NoServerError, private_server
from proof import Proof

from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.rollout.slots import open_slots

PROCESSES, SECONDS = 4, float(os.environ.get("BENCH_BUDGET_SECONDS", "60"))
SHARER = Path(__file__).resolve().parent / "slot_sharer.py"
PATH = "/accounting/vendors"


@contextmanager
def redis() -> Iterator[str | None]:
    """The place of a budget in a private Redis; None without one."""
    if shutil.which("redis-server") is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "redis.sock"
        command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            if server.stdout is None or not any("eady to accept connections" in line for line in server.stdout):
                raise SystemExit("redis-server did not start")
            yield f"unix://{socket}#bench"
        finally:
            server.terminate()
            server.wait()
            if server.stdout is not None:
                server.stdout.close()


@contextmanager
def postgresql() -> Iterator[str | None]:
    """The place of a budget in a private PostgreSQL; None without one."""
    try:
        with private_server() as url:
            yield url.replace("postgresql+psycopg://", "postgresql://") + "#bench"
    except NoServerError as reason:
        print(f"      {reason}")
        yield None


@contextmanager
def file() -> Iterator[str | None]:
    """The place of a budget in a file."""
    with tempfile.TemporaryDirectory() as folder:
        yield str(Path(folder) / "slots")


def budget(proof: Proof) -> None:
    """Each store in turn; a server that is not installed is left out."""
    for name, store in (("file", file), ("redis", redis), ("postgresql", postgresql)):
        with store() as place:
            if place is None:
                print(f"      {name}: not here")
                continue
            _shared(proof, name, place)


def warmed(emulator: EmulatorProcess, path: str) -> httpx.BasicAuth:
    """Ask once for a path: the first answer of a fresh emulator takes half a second, and what is sent meanwhile would
    arrive in a burst. The credentials."""
    environment = emulator.environment()
    pair = httpx.BasicAuth(environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"])
    token = environment["RUTTER_ACCESS_TOKEN_QUICKBOOKS"]
    query, headers = {"limit": "1", "access_token": token}, {"x-rutter-version": "2024-08-31"}
    httpx.get(emulator.base_url + path, params=query, auth=pair, headers=headers).raise_for_status()
    return pair


def _shared(proof: Proof, name: str, place: str) -> None:
    emulator = EmulatorProcess.start(EmulatorSettings())
    try:
        pair = warmed(emulator, PATH)
        auth = next(pair.auth_flow(httpx.Request("GET", "http://x"))).headers["authorization"]
        host = emulator.base_url.removeprefix("http://").partition("/")[0]
        path = f"/versioned{PATH}?limit=1&access_token=" + emulator.environment()["RUTTER_ACCESS_TOKEN_QUICKBOOKS"]
        store = open_slots(place)
        store.charge(1, 10.15 / 500, ago=0.0)
        store.close()
        until = time.monotonic() + SECONDS + 2.0  # the processes take a while to start
        command = [sys.executable, str(SHARER), place, host, path, str(until)]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "AUTH": auth})
            for _ in range(PROCESSES)
        ]
        told = [[float(part) for part in process.communicate()[0].split()] for process in running]
    finally:
        emulator.stop()
    shares, refused = [int(row[0]) for row in told], sum(int(row[1]) for row in told)
    sent, span = sum(shares), max(row[4] for row in told) - min(row[3] for row in told)
    used = (sent - 1) / (50.0 * span)
    print(
        f"      {name}: {sent} sent in {span:.1f} s, shares {shares}, {sum(int(row[2]) for row in told)} slots given up"
    )
    proof.line(f"not one 429 ({name})", refused == 0, str(refused))
    proof.line(f"at least 98 % of the permitted requests used ({name})", used >= 0.98, f"{used:.1%}")
