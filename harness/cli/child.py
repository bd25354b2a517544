"""The pytest process of a run: started, listened to, stopped once gently and twice hard."""

import json
import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import Any

from harness.cli.progress import Display
from harness.errors import HarnessError

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL = 0.2
"""Seconds between two looks at whether the process still lives: a grandchild may hold the pipe open."""

GRACE = 3.0
"""Seconds that processes which outlive their pytest have to end by themselves."""

FAILED_BY_ITSELF = frozenset({3, 4})
"""pytest's own exit codes for an internal error and for wrong use. Source: pytest.ExitCode."""


@dataclass
class Ended:
    """How the process ended. `fatal` is the event in which it said why nothing was proven; `collected` whether it
    got as far as the first request; `finished` whether it wrote its report."""

    returncode: int = 0
    interrupted: bool = False
    fatal: Mapping[str, Any] | None = None
    collected: bool = False
    finished: bool = False

    @property
    def refused(self) -> bool:
        """Whether it said why nothing can be proven, before anything was."""
        return self.fatal is not None and not self.collected

    @property
    def crash(self) -> str | None:
        """Why the process did not end as it should; None when it did."""
        if self.returncode < 0:
            with suppress(ValueError):
                return f"was ended by {signal.Signals(-self.returncode).name}"
            return f"was ended by signal {-self.returncode}"
        if self.returncode in FAILED_BY_ITSELF:
            return f"broke (exit status {self.returncode})"
        return None if self.finished or self.interrupted else f"ended early (exit status {self.returncode})"


@dataclass
class _Stops:
    """Requests to stop: the first is passed on, the second ends everything. One that comes before the process is there
    waits for it."""

    display: Display
    process: "subprocess.Popen[bytes] | None" = None
    count: int = 0

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.process is not None:
            self._pass_on(self.process)

    def started(self, process: "subprocess.Popen[bytes]") -> None:
        """This is the process."""
        self.process = process
        if self.count:
            self._pass_on(process)

    def _pass_on(self, process: "subprocess.Popen[bytes]") -> None:
        if self.count == 1:
            self.display.say("stopping: cleaning up and writing what was proven (once more to stop at once)")
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
        else:
            end_group(process.pid, signal.SIGKILL)


def run_child(
    command: Sequence[str],
    *,
    log: Path,
    events: tuple[int, int],
    display: Display,
    notices: Path | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Ended:
    """Run `command` to its end and feed its events to `display`, and the lines that its processes append to `notices`:
    what a person has to do meanwhile. `meanwhile` is called once while it starts.

    `events` is a pipe (read end, write end); the child inherits the write end, its other output goes to `log`. The
    child leads its own process group, so that a ctrl-C of the terminal reaches it only through here.
    """
    ended = Ended()
    reading, writing = events
    environment = {key: value for key, value in os.environ.items() if key not in REFUSED}
    with _stopping(display) as stops:  # before the start: a shell's job in the background hands on that it is deaf
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(  # noqa: S603 - our own interpreter on our own arguments
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(writing,),
                    start_new_session=True,
                    env=environment,
                )
        except OSError as error:
            os.close(reading)
            raise HarnessError(f"cannot start {command[0]}: {error.strerror or error}") from error
        finally:
            os.close(writing)
        stops.started(process)
        meanwhile()
        with nullcontext() if notices is None else notices.open(encoding="utf-8") as told:
            for event in _events(reading, process):
                if told is not None:
                    for line in told:
                        display.say(line.strip())
                _note(ended, event)
                display.event(event)
        ended.returncode = process.wait()
        ended.interrupted = stops.count > 0
    _end_leftovers(process.pid)
    return ended


REFUSED = frozenset({"PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_XDIST_WORKER"})
"""Variables that would make a run prove something else than its command line says."""


def _note(ended: Ended, event: Mapping[str, Any]) -> None:
    match event["event"]:
        case "fatal":
            ended.fatal = event
        case "collected":
            ended.collected = True
        case "end":
            ended.finished = True


def _events(reading: int, process: "subprocess.Popen[bytes]") -> Iterator[Mapping[str, Any]]:
    """Every event, until the pipe is closed or the process is gone; one of the kind `pause` when none came for a
    while."""
    buffer = b""
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as pipe, selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        gone = False
        while True:
            ready = selector.select(0 if gone else POLL)
            chunk = pipe.read(65536) if ready else None
            if not ready:
                yield {"event": "pause"}
            if chunk == b"" or (gone and not chunk):
                return
            *lines, buffer = (buffer + (chunk or b"")).split(b"\n")
            yield from filter(None, map(_event, lines))
            gone = process.poll() is not None


def _event(line: bytes) -> Mapping[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


@contextmanager
def _stopping(display: Display) -> Iterator[_Stops]:
    stops = _Stops(display)
    previous = {number: signal.signal(number, stops) for number in STOPPING}
    try:
        yield stops
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def end_group(group: int, number: signal.Signals) -> bool:
    """Signal a process group that we started; False when nothing of it is left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _end_leftovers(group: int) -> None:
    """Workers and emulators that outlived their pytest: a crash must not leave them running."""
    if not end_group(group, signal.SIGTERM):
        return
    limit = monotonic() + GRACE
    while monotonic() < limit and end_group(group, signal.SIGTERM):
        sleep(POLL)
    end_group(group, signal.SIGKILL)
