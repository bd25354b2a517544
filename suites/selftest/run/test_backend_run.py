"""The suite of a backend from end to end. That the reference is go is part of every whole run."""

import json
import subprocess
import sys
from pathlib import Path

from harness.backend.defects import all_defects

ROOT = Path(__file__).resolve().parents[3]
WRONG = ("believes_any_signature", "believes_any_token", "counts_nothing", "keeps_everything", "shows_tokens")
"""Defects that do not hide each other, of cases that wait for nothing."""


def golive(folder, *words):
    """The report of a run about the backend alone."""
    command = [sys.executable, "-m", "harness.cli", "run", "--out", str(folder), "--workers", "1", *words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own interpreter
    return ended.returncode, json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_wrong_backends_are_no_go(tmp_path):
    """Five wrong behaviours at once: each check that has to notice one has found it. What the plan does not say is
    inconclusive, with what to expose."""
    plan = tmp_path / "backend.yaml"
    shipped = (ROOT / "plans" / "backend.yaml").read_text(encoding="utf-8")
    lines = [line for line in shipped.splitlines(keepends=True) if not line.startswith(("queue:", "recovered_within:"))]
    # A forged webhook that is believed marks the connection for good: what comes after waits that long for it.
    plan.write_text("".join([*lines, "recovered_within: 8s\n"]))
    kinds = [part for name in WRONG for kind in all_defects()[name].cases for part in ("--select", kind)]
    defects = [part for name in WRONG for part in ("--defect", name)]
    folder = tmp_path / "out"
    status, report = golive(folder, "--backend", str(plan), "--select", "backend.webhooks.queue", *kinds, *defects)
    assert status == 1
    reasons = {case["kind"]: case["reason"] for case in report["cases"] if case["outcome"] == "inconclusive"}
    assert reasons.keys() == {"backend.webhooks.queue"}
    assert "as `queue`. Expose it" in reasons["backend.webhooks.queue"]
    wanted = {check for name in WRONG for check in all_defects()[name].trips}
    assert {item["check"] for item in report["findings"]} == wanted
