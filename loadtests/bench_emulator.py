"""What the emulator's own work costs, as ratios to a bare application of the same framework in the same run.

`python loadtests/bench_emulator.py [SECONDS] [ROUNDS]`. One emulator process on a SQLite file and `peer.py` answer the
same requests with the same bytes, in turn; medians over rounds. Besides requests per second it prints the processor
time that a request costs the server: that ratio stays true when the machine is busy with other things. Nothing is
written between the lists and the single objects, so that the emulator answers them from what it has kept.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from keepalive import Caller, Connection

from harness.emulator import EmulatorProcess, EmulatorSettings

HERE = Path(__file__).parent
CONNECTIONS = 16
GOALS = {"get by id": 0.60, "create": 0.50}


@dataclass
class Measured:
    """Requests per second and processor microseconds per request, one figure a round."""

    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)


def processor_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


async def load(address: tuple[str, int], make: Callable[[], bytes], seconds: float) -> tuple[int, float]:
    """Completed requests and the time that they took, one request in flight on each connection."""
    connections = [await Connection.open(address) for _ in range(CONNECTIONS)]
    started = time.perf_counter()
    end, done = started + seconds, 0

    async def run(connection: Connection) -> None:
        nonlocal done
        while time.perf_counter() < end:
            status, content = await connection.send(make())
            if status != 200:
                raise SystemExit(f"the server answered {status}: {content[:200]!r}")
            done += 1

    await asyncio.gather(*(run(connection) for connection in connections))
    elapsed = time.perf_counter() - started
    for connection in connections:
        await connection.close()
    return done, elapsed


def measure(pid: int, address: tuple[str, int], make: Callable[[], bytes], seconds: float, into: Measured) -> None:
    """One round."""
    before = processor_seconds(pid)
    done, elapsed = asyncio.run(load(address, make, seconds))
    into.rates.append(done / elapsed)
    into.costs.append((processor_seconds(pid) - before) / done * 1e6)


@contextmanager
def peer(answers: dict[str, bytes], folder: Path) -> Iterator[tuple[int, tuple[str, int]]]:
    """The bare application; its process id and address."""
    for name, content in answers.items():
        (folder / name).write_bytes(content)
    process = subprocess.Popen([sys.executable, str(HERE / "peer.py"), str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("ready "):
            raise SystemExit("the bare application did not start")
        yield process.pid, ("127.0.0.1", int(line.split()[1]))
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def requests_of(caller: Caller) -> tuple[dict[str, Callable[[], bytes]], dict[str, bytes]]:
    """The requests that are measured, and the answers that the emulator gives to them."""
    numbers = count()

    async def one(message: bytes) -> bytes:
        connection = await Connection.open(caller.address)
        status, content = await connection.send(message)
        await connection.close()
        if status != 200:
            raise SystemExit(f"the emulator answered {status}: {content[:200]!r}")
        return content

    first = json.loads(asyncio.run(one(caller.message("GET", "/accounting/vendors"))))["vendors"][0]
    bill = json.loads(asyncio.run(one(caller.message("GET", "/accounting/bills"))))["bills"][0]
    get = caller.message("GET", f"/accounting/bills/{bill['id']}")
    listed = caller.message("GET", "/accounting/bills", query={"limit": "50"})
    filtered = caller.message("GET", "/accounting/bills", query={"limit": "50", "filter": 'status="open"'})
    body = {"bill": {"vendor_id": first["id"], "issue_date": "2024-02-29T00:00:00.000Z", "currency_code": "USD",
                     "line_items": [{"account_id": bill["line_items"][0]["account_id"], "total_amount": 10.25,
                                     "description": "bench"}]}}  # fmt: skip
    content = json.dumps(body).encode()

    def create() -> bytes:
        key = f"bench-{os.getpid()}-{next(numbers)}"
        return caller.message("POST", "/accounting/bills", body=content, headers={"idempotency-key": key})

    made = {"get by id": lambda: get, "list of 50": lambda: listed, "filtered list": lambda: filtered, "create": create}
    answers = {"get": asyncio.run(one(get)), "list": asyncio.run(one(listed)), "filtered": asyncio.run(one(filtered)),
               "create": asyncio.run(one(create()))}  # fmt: skip
    return made, answers


def bench(seconds: float, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = EmulatorSettings(rate_limit=0, database=str(folder / "emulator.sqlite"), connections=("QUICKBOOKS",))
        emulator = EmulatorProcess.start(settings)
        try:
            caller = Caller(emulator.base_url, emulator.environment())
            requests, answers = requests_of(caller)
            with peer(answers, folder) as (pid, address):
                _rounds(requests, (emulator.pid, caller.address), (pid, address), seconds, rounds)
        finally:
            emulator.stop()


def _rounds(
    requests: dict[str, Callable[[], bytes]],
    emulator: tuple[int, tuple[str, int]],
    bare: tuple[int, tuple[str, int]],
    seconds: float,
    rounds: int,
) -> None:
    for name, make in requests.items():
        ours, theirs = Measured(), Measured()
        for _ in range(rounds):
            measure(*emulator, make, seconds, ours)
            measure(*bare, make, seconds, theirs)
        rate, cost = (statistics.median(x / y for x, y in zip(*pair, strict=True)) for pair in (
            (ours.rates, theirs.rates), (theirs.costs, ours.costs)))  # fmt: skip
        goal = f"   goal {GOALS[name]:.0%}" if name in GOALS else ""
        figures = [statistics.median(each) for each in (ours.rates, theirs.rates, ours.costs, theirs.costs)]
        print(f"emulator  {name:14} {figures[0]:8,.0f}/s of {figures[1]:8,.0f}/s bare {rate:5.0%}   "
              f"processor {figures[2]:6,.0f} us of {figures[3]:6,.0f} us {cost:5.0%}{goal}", flush=True)  # fmt: skip


if __name__ == "__main__":
    bench(*(float(sys.argv[1]) if sys.argv[1:] else 2.0, int(sys.argv[2]) if sys.argv[2:] else 5))
