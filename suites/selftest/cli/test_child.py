"""The pytest process of a run: listened to, stopped gently once and hard twice, never left behind."""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.cli.child import run_child
from harness.errors import HarnessError

STOPPED = (
    "def stop(*_):\n"
    "    tell('phase', name='cleanup'); tell('end', verdict='inconclusive'); sys.exit(2)\n"
    "signal.signal(signal.SIGINT, stop)\n"
    "tell('collected', cases=9)\n"
)
"""A child that ends well when it is asked to."""

DEAF = "signal.signal(signal.SIGINT, lambda *_: tell('case', id='asked'))\ntell('collected', cases=9)\n"
"""A child that only ends by force."""


def interrupt_on(*names: str) -> Callable[[Mapping[str, Any]], None]:
    """Sends this process one ctrl-C at the first event of each name."""
    waiting = list(names)

    def react(event: Mapping[str, Any]) -> None:
        if waiting and event["event"] == waiting[0]:
            waiting.pop(0)
            os.kill(os.getpid(), signal.SIGINT)

    return react


def gone(pid: int) -> bool:
    """Whether no process of that id is left, or only its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_events_arrive_in_order_and_output_goes_to_the_log(child: Any, recorder: Any) -> None:
    """Every event reaches the display in order; what the child prints goes to its log, and nonsense is left out."""
    ended = child(
        "tell('phase', name='target'); tell('collected', cases=2); print('hello')\n"
        "raw(b'not json\\n[]\\n{\"x\": 1}\\n')\n"
        "tell('case', id='a', outcome='passed'); tell('case', id='b', outcome='failed'); tell('end', verdict='go')",
        recorder,
    )
    assert [event["event"] for event in recorder.events] == ["phase", "collected", "case", "case", "end"]
    assert (ended.returncode, ended.collected, ended.finished, ended.crash) == (0, True, True, None)
    assert not ended.interrupted
    assert (child.folder / "pytest.log").read_text() == "hello\n"


def test_the_first_ctrl_c_lets_the_child_clean_up(child: Any, recorder: Any) -> None:
    """One ctrl-C is passed on once; the child cleans up, writes, and its last events are still heard."""
    recorder.on_event = interrupt_on("collected")
    ended = child(STOPPED + "time.sleep(60)", recorder)
    assert ended.interrupted
    assert ended.finished
    assert ended.crash is None
    assert [event["event"] for event in recorder.events] == ["collected", "phase", "end"]
    assert len(recorder.said) == 1


def test_a_job_in_the_background_is_not_deaf(child: Any) -> None:
    """A shell lets its jobs in the background ignore ctrl-C; the child hears it all the same, so that it can be asked
    to stop."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child("print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN); tell('end')")
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert (child.folder / "pytest.log").read_text() == "False\n"


def test_the_second_ctrl_c_ends_everything(child: Any, recorder: Any) -> None:
    """A child that does not stop is ended by the second ctrl-C, together with the processes that it started."""
    recorder.on_event = interrupt_on("started", "case")
    ended = child(
        DEAF + "inner = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        "tell('started', pid=inner.pid)\nwhile True: time.sleep(60)",
        recorder,
    )
    pid = next(event["pid"] for event in recorder.events if event["event"] == "started")
    assert ended.returncode == -signal.SIGKILL
    assert ended.interrupted
    assert gone(pid)


def test_a_crash_leaves_no_process_behind(child: Any, recorder: Any) -> None:
    """When the child is ended by a signal, the crash says which, and what it started does not stay."""
    ended = child(
        "tell('collected', cases=1)\n"
        "inner = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        "tell('started', pid=inner.pid); os.kill(os.getpid(), signal.SIGSEGV)",
        recorder,
    )
    pid = next(event["pid"] for event in recorder.events if event["event"] == "started")
    assert ended.crash == "was ended by SIGSEGV"
    assert not ended.interrupted
    assert gone(pid)


@pytest.mark.parametrize(
    ("script", "crash"),
    [
        ("tell('end'); sys.exit(0)", None),
        ("tell('end'); sys.exit(1)", None),
        ("tell('end'); sys.exit(3)", "broke (exit status 3)"),
        ("sys.exit(4)", "broke (exit status 4)"),
        ("sys.exit(0)", "ended early (exit status 0)"),
        ("sys.exit(1)", "ended early (exit status 1)"),
    ],
)
def test_every_other_end_is_a_crash(child: Any, script: str, crash: str | None) -> None:
    """Only a child that says it wrote its report, and that pytest did not break, has ended well."""
    assert child(script).crash == crash


def test_variables_that_would_change_the_proof_are_kept_away(child: Any, recorder: Any, monkeypatch: Any) -> None:
    """Options of pytest in the environment do not reach the run; credentials do."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    monkeypatch.setenv("RUTTER_CLIENT_ID", "me")
    child("tell('case', names=[name for name in os.environ])", recorder)
    names = recorder.events[0]["names"]
    assert "PYTEST_ADDOPTS" not in names
    assert "RUTTER_CLIENT_ID" in names


def test_a_child_that_cannot_start_is_one_message(tmp_path: Path, recorder: Any) -> None:
    """A missing interpreter or an unwritable log gives one HarnessError, and the pipe is closed."""
    reading, writing = os.pipe()
    with pytest.raises(HarnessError, match="cannot start"):
        run_child(["/nowhere/python"], log=tmp_path / "pytest.log", events=(reading, writing), display=recorder)
    for descriptor in (reading, writing):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
