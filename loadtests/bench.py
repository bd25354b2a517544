"""What `make bench` prints: cases per second of a run, emulator requests per second beside a peer, peak memory.

Figures, no judgement: nothing here passes or fails. The peer is an application on the same server that answers a
constant body of the same size and knows nothing of the API, measured in turn with the emulator, so that the ratio
says what the emulator's own work costs on this machine at this hour.
"""

import json
import os
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from harness.emulator import EmulatorProcess, EmulatorSettings

SECONDS = 2.0
ROUNDS = 5
CONNECTIONS = 16

PEER = """
import sys
from granian.constants import Interfaces
from granian.server.embed import Server
import asyncio
BODY = b"x" * int(sys.argv[2])
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": BODY})
server = Server(app, address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.ASGINL, log_enabled=False)
asyncio.run(server.serve())
"""


def requests_per_second(port: int, make: Callable[[], bytes], seconds: float = SECONDS) -> float:
    """Completed requests per second over keep-alive connections with one request in flight each."""
    selector = selectors.DefaultSelector()
    buffers: dict[socket.socket, bytes] = {}
    done = 0
    try:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            buffers[connection] = b""
            selector.register(connection, selectors.EVENT_READ)
            connection.sendall(make())
        started = time.perf_counter()
        end = started + seconds
        while time.perf_counter() < end:
            for key, _ in selector.select(timeout=1):
                connection = key.fileobj  # type: ignore[assignment]
                buffers[connection] += connection.recv(1 << 16)
                if _complete(buffers[connection]):
                    if not buffers[connection].startswith(b"HTTP/1.1 200"):
                        raise SystemExit(f"the server answered {buffers[connection][:200]!r}")
                    done += 1
                    buffers[connection] = b""
                    connection.sendall(make())
        return done / (time.perf_counter() - started)
    finally:
        selector.close()
        for connection in buffers:
            connection.close()


def _complete(data: bytes) -> bool:
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return body.endswith(b"0\r\n\r\n")


@contextmanager
def peer(size: int) -> Iterator[int]:
    """A constant answer of `size` bytes on the emulator's server library; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-c", PEER, str(port), str(size)])
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise SystemExit("the peer did not start") from None
        yield port
    finally:
        process.terminate()
        process.wait()


def bench_emulator() -> None:
    """Get-by-id and create, each in turn with the peer; medians over rounds."""
    emulator = EmulatorProcess.start(EmulatorSettings(rate_limit=0))
    try:
        environment = emulator.environment()
        url = urlsplit(emulator.base_url)
        token = environment["RUTTER_ACCESS_TOKEN_QUICKBOOKS"]
        pair = f"{environment['RUTTER_CLIENT_ID']}:{environment['RUTTER_CLIENT_SECRET']}"
        headers = {
            "host": url.netloc,
            "authorization": "Basic " + b64encode(pair.encode()).decode(),
            "x-rutter-version": "2024-08-31",
            "content-type": "application/json",
        }
        page = httpx.get(
            f"{emulator.base_url}/accounting/vendors", params={"access_token": token, "limit": 1}, headers=headers
        ).raise_for_status()
        vendor = page.json()["vendors"][0]
        path = f"{url.path}/accounting/vendors"
        get = _message("GET", f"{path}/{vendor['id']}?access_token={token}", headers)
        body = {"vendor": {"vendor_name": "Bench", "contact_name": "Bench", "currency_code": "USD"}}

        def create() -> bytes:
            own = {**headers, "idempotency-key": str(uuid.uuid4())}
            return _message("POST", f"{path}?access_token={token}", own, json.dumps(body).encode())

        with peer(len(page.content)) as peer_port:
            plain = _message("GET", "/", {"host": "127.0.0.1"})
            rows: dict[str, list[float]] = {"get by id": [], "create": [], "peer, constant answer": []}
            for _ in range(ROUNDS):
                rows["get by id"].append(requests_per_second(int(url.port or 80), lambda: get))
                rows["create"].append(requests_per_second(int(url.port or 80), create))
                rows["peer, constant answer"].append(requests_per_second(peer_port, lambda: plain))
        reference = statistics.median(rows["peer, constant answer"])
        for name, figures in rows.items():
            median = statistics.median(figures)
            print(f"emulator  {name:24} {median:9,.0f} requests/s   ratio to the peer {median / reference:5.2f}")
        print(f"emulator  peak memory              {_peak_of(emulator.pid):9,.0f} MiB")
    finally:
        emulator.stop()


def _message(method: str, target: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"content-length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def _peak_of(pid: int) -> float:
    """Peak resident memory of a process and its children, MiB; 0 where the system does not tell."""
    total = 0.0
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for each in [pid, *(int(child) for child in children.read_text().split() if children.exists())]:
        status = Path(f"/proc/{each}/status")
        if status.exists():
            peak = next((line for line in status.read_text().splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
            total += int(peak.split()[1]) / 1024
    return total


def bench_run() -> None:
    """One whole `golive run` over every shipped plan."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-m", "harness.cli", "run", "--out", folder],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        elapsed = time.perf_counter() - started
        report = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
        cases = len(report["cases"])
        requests = sum(case["requests"] for case in report["cases"])
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(
            f"run       {cases:,} cases, {requests:,} requests in {elapsed:.1f} s: {cases / elapsed:,.0f} cases/s, "
            f"{requests / elapsed:,.0f} requests/s; exit {ended.returncode}"
        )
        print(f"run       peak memory of the largest process {peak:,.0f} MiB")


if __name__ == "__main__":
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} cores; medians of {ROUNDS} rounds of {SECONDS:g} s each")
    bench_emulator()
    bench_run()
