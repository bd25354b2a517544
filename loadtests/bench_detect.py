"""What `make bench-detect` prints: which injected defects a fuzzer finds, which the shipped plans find, and both.

The same defects, one emulator each way, one run. Schemathesis runs alone with all its phases and the contract's
document, on the operations of the resource that has the defect. What it reports on the clean emulator is accepted
first, so that only what the defect adds counts; anything new counts for it, whatever it says. The plans run as
`golive prove` runs them. Neither is tuned to a defect. `python loadtests/bench_detect.py [EVERY]` takes every
EVERY-th defect; 1 takes all.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import httpx

from harness.contract import load_contract
from harness.core import SystemClock
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.emulator.defects import Defect, all_defects
from harness.proving import ProveOrder, prove

EVERY = 6
EXAMPLES = 5
"""Of schemathesis, per operation and phase; the table says how many requests that came to."""

PLATFORM = "QUICKBOOKS"
ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "harness" / "contract" / "data" / "2024-08-31.openapi.json"
ST = Path(sys.executable).with_name("st")
CLEAN_ROUNDS = 3
"""Runs without a defect whose reports are accepted: what one run reports depends on what earlier ones created."""


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What schemathesis made of a defect. `requests` were spent: up to the first detection, or all of them."""

    noticed: bool
    what: str
    requests: int
    seconds: float


class Fuzzer:
    """Schemathesis against one emulator, with what it reports without a defect accepted per resource."""

    def __init__(self, emulator: EmulatorProcess, folder: Path) -> None:
        self.emulator, self.folder = emulator, folder
        self.environment = emulator.environment()
        folder.mkdir(parents=True)
        token = self.environment[f"RUTTER_ACCESS_TOKEN_{PLATFORM}"]
        self.config = folder / "schemathesis.toml"
        self.config.write_text(
            'headers = { "X-Rutter-Version" = "2024-08-31" }\n'
            f'[parameters]\naccess_token = "{token}"\n'
        )  # fmt: skip
        self._accepted: set[str] = set()
        self.false = 0

    def try_defect(self, defect: Defect) -> Fuzzed:
        """Accept what the clean emulator gives, switch the defect on, look for one more failure."""
        self._accept(defect.resource)
        self._switch(defect.name)
        try:
            return self._run(defect.resource, "--max-failures", "1")
        finally:
            self._switch()

    def _accept(self, resource: str) -> None:
        if resource in self._accepted:
            return
        self._accepted.add(resource)
        for _ in range(CLEAN_ROUNDS):
            self._run(resource, "--baseline-update", "--continue-on-failure")
        self.false += self._run(resource, "--max-failures", "1").noticed

    def _switch(self, *names: str) -> None:
        root = self.emulator.base_url.removesuffix("/versioned")
        httpx.post(f"{root}/_emulator/defects", json={"names": list(names)}).raise_for_status()

    def _run(self, resource: str, *options: str) -> Fuzzed:
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        baseline = ["--baseline", str(self.folder / f"{resource}.baseline.json")]
        command = [
            str(ST), "--config-file", str(self.config), "run", str(DOCUMENT), "--url", self.emulator.base_url,
            "-a", f"{self.environment['RUTTER_CLIENT_ID']}:{self.environment['RUTTER_CLIENT_SECRET']}",
            "--include-path-regex", paths_of(resource), "--phases", "examples,coverage,fuzzing,stateful",
            "--max-examples", str(EXAMPLES), "--seed", "1", "--no-shrink", "--no-color", "--suppress-health-check",
            "all", "--generation-database", "none", "--report", "json", "--report-json-path", str(report),
            *baseline, *options,
        ]  # fmt: skip
        started = time.perf_counter()
        subprocess.run(command, cwd=self.folder, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        told = json.loads(report.read_text(encoding="utf-8"))
        fresh = [item for item in told["failures"] if not item.get("suppressed") and not item.get("baseline")]
        noticed = told["exit_code"] == 1
        what = fresh[0]["title"] if noticed and fresh else ""
        return Fuzzed(noticed, what, told["test_cases"]["generated"], time.perf_counter() - started)


def paths_of(resource: str) -> str:
    """A pattern of the paths of a resource; those of the organisation for the API as a whole."""
    contract = load_contract()
    names = ("webhook_configs", "connections") if resource == "api" else (resource,)
    paths = {operation.path for name in names if name in contract.resources
             for operation in contract.resource(name).operations.values()}  # fmt: skip
    return "^(" + "|".join(sorted(re.escape(path) for path in paths)) + ")$"


@contextmanager
def fuzzers(count: int, folder: Path) -> Iterator["SimpleQueue[Fuzzer]"]:
    """Fuzzers with an emulator each, to be taken and given back."""
    free: SimpleQueue[Fuzzer] = SimpleQueue()
    emulators = [EmulatorProcess.start(EmulatorSettings(rate_limit=0)) for _ in range(count)]
    try:
        for number, emulator in enumerate(emulators):
            free.put(Fuzzer(emulator, folder / f"st{number}"))
        yield free
    finally:
        for emulator in emulators:
            emulator.stop()


def fuzz(defects: list[Defect], workers: int) -> tuple[list[Fuzzed], int]:
    """What schemathesis makes of each, and how often it found something new on the clean emulator."""
    with tempfile.TemporaryDirectory(prefix="golive-detect-") as folder, fuzzers(workers, Path(folder)) as free:

        def one(defect: Defect) -> Fuzzed:
            fuzzer = free.get()
            try:
                return fuzzer.try_defect(defect)
            finally:
                free.put(fuzzer)

        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(one, defects))
        return found, sum(free.get().false for _ in range(workers))


def main(every: int) -> None:
    """Run both, print the table."""
    workers = os.cpu_count() or 1
    defects = list(all_defects().values())[::every]
    fuzzed, false = fuzz(defects, workers)
    order = ProveOrder(defects=tuple(item.name for item in defects), workers=workers, clean=False, advice=False)
    proof = prove(order, clock=SystemClock())
    rows = {row.defect: row for row in proof.rows}
    print(f"{'defect':<30} {'schemathesis':<44} {'plans':<44} both")
    both = 0
    for defect, seen in zip(defects, fuzzed, strict=True):
        first = next(iter(rows[defect.name].noticed), None)
        left = (
            f"{seen.requests:>6,} requests {seen.seconds:6.1f} s  {seen.what}"
            if seen.noticed
            else f"– after {seen.requests:,}"
        )
        right = f"{first.requests:>4,} requests {first.seconds:5.2f} s  {first.check}" if first else "–"
        both += seen.noticed or first is not None
        print(f"{defect.name:<30} {left:<44.44} {right:<44.44} {'yes' if seen.noticed or first else 'no'}")
    spent = sum(item.requests for item in fuzzed), sum(row.requests for row in proof.rows)
    alone = sum(item.noticed for item in fuzzed)
    print(
        f"\n{len(defects)} defects: schemathesis alone {alone} with {spent[0]:,} requests "
        f"({EXAMPLES} examples an operation and phase; {false} false alarms on the clean emulator), plans alone "
        f"{proof.caught} with {spent[1]:,} requests ({len(proof.false_alarms)} false alarms), both {both}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVERY)
