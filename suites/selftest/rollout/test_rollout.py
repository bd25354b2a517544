"""`golive rollout` from end to end: Locust, the emulator, the judgement, the report and the ledger."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.boundary import run
from harness.cli.rolling import LOCUSTFILE
from harness.cli.rollout_start import alone_in
from harness.core.measurement import StageOutcome
from harness.emulator import EmulatorSettings
from harness.emulator.credentials import environment
from harness.exit_status import ExitStatus
from harness.plan.rollout_loader import ROLLOUT
from harness.report.rollout import read_rollout_report
from harness.report.rollout_ledger import LEDGER_FILE, read_ledger
from harness.rollout.process import play
from harness.rollout.work import Flow, Step, Work

GATES = ["p50(list) <= 30s", "limited <= 0%", "check_failures <= 0%", "lost_webhooks <= 0%"]


def patient_plan(folder: Path) -> Path:
    """The shipped plan with gates and a generator that a busy machine cannot fail."""
    text = ROLLOUT.read_text(encoding="utf-8")
    head, _, rest = text.partition("    gates:\n")
    _, _, tail = rest.partition("    failed: {then: hold}")
    gates = "    gates:\n" + "".join(f"      - {gate}\n" for gate in GATES)
    text = head + gates + "    failed: {then: hold}" + tail
    for strict, patient in (
        ("lateness_p99: 5ms", "lateness_p99: 1h"),
        ("offered: 0.99", "offered: 0"),
        ("cpu: 0.8", "cpu: 1"),
        ("play: 30s", "play: 5s"),
    ):
        assert strict in text
        text = text.replace(strict, patient)
    file = folder / "rollout.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_stage_is_played_judged_and_kept(tmp_path: Path) -> None:
    """A sound stage is promoted: exit 0, a report without a 429, a ledger entry, and no secret in any file."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "harness.cli", "rollout", "canary", "--out", str(out)]
    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [*command, "--plan", str(patient_plan(tmp_path))], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (entry,) = read_ledger(out / LEDGER_FILE)
    report = read_rollout_report(out / entry.report)
    assert entry.outcome is report.outcome is StageOutcome.PROMOTE
    assert [str(gate.state) for gate in report.gates] == ["held", "held", "held", "not_run"]
    assert {row.of for row in report.classes} >= {"list", "create", "connection"}
    assert sum(row.answered for row in report.classes) > 50
    assert (out / entry.report / "report.html").read_text(encoding="utf-8").count("<svg") == 4
    values = environment(EmulatorSettings(), "").items()
    secrets = [value for name, value in values if "TOKEN" in name or "SECRET" in name]
    written = "".join(file.read_text(encoding="utf-8", errors="replace") for file in out.rglob("*") if file.is_file())
    assert secrets
    assert not [secret for secret in secrets if secret in written]
    assert json.loads((out / entry.report / "load.json").read_text(encoding="utf-8"))["flows"]


def test_a_command_that_is_ended_leaves_nothing_running(tmp_path: Path, eventually: Callable[..., Any]) -> None:
    """SIGTERM ends the load like ctrl-C: exit 130, no promotion, and neither Locust nor the emulator lives on."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "harness.cli", "rollout", "canary", "--seconds", "60", "--out", str(out)]
    running = subprocess.Popen(  # noqa: S603 - our own interpreter
        [*command, "--plan", str(patient_plan(tmp_path))], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert eventually(lambda: list(out.glob("*/windows.ndjson")))
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text(encoding="ascii").split()
    running.send_signal(signal.SIGTERM)
    told, _ = running.communicate(timeout=60)
    assert running.returncode == ExitStatus.INTERRUPTED, told
    assert [entry.outcome for entry in read_ledger(out / LEDGER_FILE)] == [StageOutcome.INVALID]
    assert len(children) == 2
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_a_disk_that_is_full_ends_the_load(tmp_path: Path) -> None:
    """Measurements that cannot be kept end the test at once, with the file and the reason, and it is not done."""
    flow = Flow("steady_sync", "list", 1, 600, (Step("list", "GET", "/bills"),))
    work = Work("canary", "http://127.0.0.1:9", "2024-08-31", 60.0, 1, (flow,))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1100, before[1]))  # what a full disk does, for files of this size
    try:
        began = time.monotonic()
        played = play(work, tmp_path, LOCUSTFILE, os.environ, lambda _measured, _elapsed: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert time.monotonic() - began < 50
    assert played.done == 0
    assert "windows.ndjson: cannot write: File too large" in played.problems[0]


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nowhere"])
def test_a_place_that_takes_no_report_is_told_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """Reports that cannot be written are told with the folder and what to do, before load is on."""
    (tmp_path / "file").touch()
    assert run(["rollout", "canary", "--out", str(tmp_path / place)]) is ExitStatus.HARNESS_ERROR
    told = capsys.readouterr().err
    assert f"{tmp_path / place}: cannot write" in told
    assert "choose another place with --out" in told
    assert "starting" not in told


def test_two_rollouts_do_not_share_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second is told before anything starts; afterwards the folder is free."""
    with alone_in(tmp_path):
        assert run(["rollout", "canary", "--out", str(tmp_path)]) is ExitStatus.WRONG_USE
    assert f"another golive rollout works in {tmp_path}" in capsys.readouterr().err
    with alone_in(tmp_path):
        assert not list(tmp_path.glob("canary-*"))


def test_a_later_stage_does_not_begin_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a promoted stage before it, a stage is wrong use, told before anything is started."""
    assert run(["rollout", "early", "--out", str(tmp_path / "out")]) is ExitStatus.WRONG_USE
    assert "stage early may not start: stage canary was not tested" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--backend", "reference", "--target", "http://127.0.0.1:1/versioned"], "--target emulator only"),
        (["--abuse", "drop=often"], '"often" is no number'),
        (["--rehearse"], "has no command under failed"),
        (["--fault", "stal:p=1"], 'unknown fault "stal". Did you mean "stall"?'),
        (["--defect", "day_earl"], 'unknown defect "day_earl". Did you mean "day_early"?'),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    """Options that contradict each other or the plan are wrong use."""
    assert run(["rollout", "canary", "--out", str(tmp_path / "out"), *options]) is ExitStatus.WRONG_USE
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
