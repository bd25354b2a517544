"""What `golive run` makes of the end of its pytest process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.child import Ended
from harness.cli.proving import report_of
from harness.core import CaseOutcome
from harness.errors import GoliveError, HarnessError
from harness.exit_status import ExitStatus
from harness.report import write_report


def log(directory: Path, text: str) -> Path:
    """The log of a pytest process."""
    path = directory / "pytest.log"
    path.write_text(text)
    return path


def test_the_report_that_the_child_wrote_is_used(finished_run: Callable[..., Path]) -> None:
    """A child that finished has written its report; it is read, not made again."""
    directory = finished_run()
    written = write_report(directory)
    (directory / "workers" / "main" / "cases.ndjson").unlink()
    assert report_of(directory, Ended(0, collected=True, finished=True), log(directory, "")) == written


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        (Ended(-11, collected=True), ExitStatus.HARNESS_ERROR),
        (Ended(3, collected=True, finished=True), ExitStatus.HARNESS_ERROR),
        (Ended(1, collected=True), ExitStatus.HARNESS_ERROR),
        (Ended(-9, collected=True, interrupted=True), ExitStatus.INTERRUPTED),
        (Ended(2, collected=True, finished=True, interrupted=True), ExitStatus.INTERRUPTED),
    ],
    ids=["signal", "internal error", "early", "killed by the second ctrl-C", "stopped by the first"],
)
def test_what_was_proven_before_a_bad_end_is_in_the_report(
    finished_run: Callable[..., Path], ended: Ended, status: ExitStatus
) -> None:
    """After a crash or an interruption the ledger is folded: never go, the passed case counts, the reason is there."""
    directory = finished_run(ended=False)
    write_report(directory)
    path = log(directory, "INTERNALERROR> Traceback\nINTERNALERROR> ValueError: boom\nlast line\n")
    report = report_of(directory, ended, path)
    assert report.verdict.exit_status is status
    assert report.counts.passed == 1
    if status is ExitStatus.HARNESS_ERROR:
        assert "ValueError: boom" in report.errors[0].message
        assert "last line" not in report.errors[0].message


def test_a_finding_stays_no_go_when_the_child_crashed(finished_run: Callable[..., Path]) -> None:
    """A crash does not hide what the target did wrong before it."""
    directory = finished_run(CaseOutcome.FINDINGS, blocked=True, ended=False)
    report = report_of(directory, Ended(-6, collected=True), log(directory, "aborted"))
    assert report.verdict.exit_status is ExitStatus.NO_GO
    assert report.errors


def test_a_fatal_error_of_the_child_is_passed_on(tmp_path: Path) -> None:
    """What the child says before the first request is the one message, with the exit status that belongs to it."""
    fatal = {"event": "fatal", "message": "RUTTER_CLIENT_ID is not set", "exit_status": 3}
    with pytest.raises(GoliveError, match="RUTTER_CLIENT_ID is not set") as caught:
        report_of(tmp_path, Ended(3, fatal=fatal), log(tmp_path, ""))
    assert caught.value.exit_status is ExitStatus.WRONG_USE


def test_a_child_that_proved_nothing_is_one_message(tmp_path: Path, monkeypatch: Any) -> None:
    """A crash before the first request says what its log says last, without secrets, and where the log is."""
    monkeypatch.setenv("RUTTER_CLIENT_SECRET", "hush-hush-secret")
    with pytest.raises(HarnessError, match=r"before anything was proven: ImportError: x .*pytest\.log") as caught:
        report_of(tmp_path, Ended(4), log(tmp_path, "noise\nImportError: x hush-hush-secret\n\n"))
    assert "hush-hush" not in str(caught.value)
    with pytest.raises(GoliveError, match="nothing was proven") as interrupted:
        report_of(tmp_path, Ended(2, interrupted=True), log(tmp_path, ""))
    assert interrupted.value.exit_status is ExitStatus.INTERRUPTED
