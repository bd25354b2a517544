"""Edits that take a person: told what to change, waited for, and never taken for done."""

import json
import os
import re
import subprocess
import sys

import httpx
import pytest

from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.pytest_plugin.collecting import checked
from harness.pytest_plugin.settings import RunSettings

ASKED = re.compile(r"in the software of (\w+), change the vendor name .* of one of the vendors \(id there: (\S+)\)")


@pytest.fixture
def emulator():
    """A double that is reached by its address, as a live target is."""
    process = EmulatorProcess.start(EmulatorSettings(rate_limit=0, connections=("QUICKBOOKS",)))
    yield process
    process.stop()


def run(emulator, folder, patience, on_line):
    """A run of the edits alone, whose messages are handed to `on_line`: (exit status, the case, the line)."""
    chosen = (
        f"--select edits --await-edits {patience} --rate off --workers 1 --platform QUICKBOOKS --out {folder}".split()
    )
    command = [sys.executable, "-m", "harness.cli", "run", "--target", emulator.base_url, *chosen]
    environment = {**os.environ, **emulator.environment()}
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    for line in process.stderr:
        on_line(line)
    process.stderr.close()
    status = process.wait(timeout=60)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    line = next(item for item in report["checklist"] if item["id"] == "testing.writing.edits_on_the_platform")
    return status, report["cases"], line


def test_a_person_is_told_what_to_change_and_waited_for(emulator, tmp_path):
    """The person who is told changes the text, and the case and the line of the checklist are decided by that."""
    told = []

    def edit(line):
        told.append(line)
        asked = ASKED.search(line)
        if asked is None:
            return
        root = emulator.base_url.removesuffix("/versioned")
        environment = emulator.environment()
        listed = httpx.get(
            f"{emulator.base_url}/accounting/vendors", headers={"X-Rutter-Version": "2024-08-31"},
            params={"access_token": environment["RUTTER_ACCESS_TOKEN_QUICKBOOKS"], "limit": "500"},
            auth=(environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"]),
        ).json()["vendors"]  # fmt: skip
        row = next(row["id"] for row in listed if row["platform_id"] == asked[2])
        address = f"{root}/_emulator/platform/QUICKBOOKS/vendors/{row}"
        httpx.patch(address, json={"vendor_name": "By hand"}).raise_for_status()

    _, cases, line = run(emulator, tmp_path, "60s", edit)
    assert [case["outcome"] for case in cases] == ["passed"], told
    assert any("Thank you" in text for text in told)
    assert line["state"] == "go"


def test_what_nobody_does_is_undecided(emulator, tmp_path):
    """Without an edit the case and the line of the checklist stay undecided, whatever was proven beside them."""
    status, cases, line = run(emulator, tmp_path, "1s", lambda _line: None)
    assert status == 2
    assert [case["outcome"] for case in cases] == ["inconclusive"]
    assert "either nobody made it" in cases[0]["reason"]
    assert line["state"] == "inconclusive"


def test_a_live_target_always_has_the_case():
    """On a live target each platform has its case with nobody there as well; an emulator, and the sandbox, which
    has no platform behind it, have none."""
    live = checked(RunSettings(target="production"))
    asked = {case.platform for case in live.cases if case.kind == "edits.shown"}
    assert asked == {platform for platform, _ in live.requirements}
    assert all(case.params == {"seconds": 0.0} for case in live.cases if case.kind == "edits.shown")
    for settings in (
        RunSettings(),
        RunSettings(target="sandbox"),
        RunSettings(target="http://127.0.0.1:8080/versioned"),
    ):
        assert [case for case in checked(settings).cases if case.kind == "edits.shown"] == []
