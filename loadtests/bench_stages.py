"""Stages of a rollout: promoted when all is well, held when not, and ended clearly when a process dies."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from proof import Proof

BACKEND = ("--backend", "reference")
WORSE = (
    ("stalls", ("--fault", "stall:p=0.05,seconds=1.5"), "p99(list)"),
    ("errs", ("--fault", "error_before:p=0.04"), "errors"),
    ("loses one webhook in a hundred", (*BACKEND, "--abuse", "drop=0.01"), "lost_webhooks"),
)
"""What an emulator does, how it is told to, and the gate that has to say so."""


def rollout(proof: Proof) -> None:
    """Two stages in a row with a backend, then targets that are not well."""
    with tempfile.TemporaryDirectory() as folder:
        tests = [_sound(stage, folder, *BACKEND) for stage in ("canary", "early")]
        codes, lasted = [code for code, _ in tests], sum(seconds for _, seconds in tests)
        reports = [json.loads(file.read_text()) for file in Path(folder).glob("*/report.json")]
        compared = [row for report in reports if report["outcome"] != "invalid" for row in report["comparisons"]]
        figures = "; ".join(f"{row['what']} {row['simulated']:.1f} and {row['measured']:.1f}" for row in compared)
        proof.line("simulated and measured agree within 10 %", all(row["within"] for row in compared), figures)
        proof.line("canary and early are promoted, a backend taking part", codes == [0, 0], f"exit codes {codes}")
        proof.line("both in under two minutes", lasted < 120, f"{lasted:.0f} s")
    for what, how, gate in WORSE:
        with tempfile.TemporaryDirectory() as folder:
            ended = _golive("canary", folder, *how)
            lines = [line.strip() for line in ended.stdout.splitlines() if line.strip().startswith("lost ")]
        named = any(gate in line for line in lines)
        held = ended.returncode == 1 and "HOLD" in ended.stdout
        proof.line(f"an emulator that {what} is held, the gate named", held and named, "; ".join(lines))


def kill(proof: Proof) -> None:
    """One of two generating processes is killed in the middle of a stage."""
    with tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=_kill_one, args=(Path(folder),), daemon=True).start()
        began = time.monotonic()
        ended = _golive("canary", folder, "--seconds", "20", "--workers", "2")
        lasted = time.monotonic() - began
    told = next((line.strip() for line in ended.stdout.splitlines() if "SIGKILL" in line), "nothing")
    proof.line("a killed process ends the test with a clear statement", "ended by SIGKILL" in told, told)
    proof.line("no promote, no hang", ended.returncode == 2 and lasted < 90,
               f"exit {ended.returncode} after {lasted:.0f} s")  # fmt: skip


def _kill_one(folder: Path) -> None:
    while True:
        time.sleep(0.25)
        windows = next(folder.glob("*/windows.ndjson"), None)
        if windows is not None and windows.read_text().count("\n") >= 8:
            processes = json.loads(next(folder.glob("*/processes.json")).read_text())
            os.kill(processes["locust-2"], 9)
            return


def _sound(stage: str, out: str, *more: str) -> tuple[int, float]:
    """Test a stage; again, twice at most, when the generator itself was too weak: such a test says nothing. The exit
    status and how long the last one took, in seconds."""
    for _ in range(3):
        began = time.monotonic()
        ended = _golive(stage, out, *more)
        if "INVALID" not in ended.stdout:
            break
    return ended.returncode, time.monotonic() - began


def _golive(stage: str, out: str, *more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "harness.cli", "rollout", stage, "--out", out, *more]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode not in {0, 1, 2}:
        print(ended.stderr[-2000:])
    elif ended.returncode:
        print("      " + "\n      ".join(ended.stdout.strip().splitlines()[:8]))
    return ended
