"""What `make bench` prints: the emulator beside a bare application, cases per second of a run, peak memory.

Figures, no judgement: nothing here passes or fails. `bench_emulator.py` says what is measured of the emulator.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_emulator import bench

SECONDS = 2.0
ROUNDS = 5


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
    bench(SECONDS, ROUNDS)
    bench_run()
