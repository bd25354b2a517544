"""Locust in processes of its own: started, followed by the files that it writes, stopped early or when one dies."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, StorageError
from harness.rollout.measuring import Measured
from harness.rollout.work import Work

WORK_FILE, WINDOWS, SAMPLES, DONE = "load.json", "windows.ndjson", "samples.ndjson", "done.ndjson"
PARENT = "GOLIVE_LOAD_PARENT"
"""Environment: the process that started the load. Without it the load ends: nobody would judge it, or could stop it."""
STARTING = 60.0
"""Seconds that Locust may take until the first measurement."""
LOOK = 0.25
GRACE = 10.0

Watch = Callable[[Measured, float], str | None]
"""Told what was measured so far and for how many seconds load is on; a text stops the test early."""


@dataclass
class Played:
    """How a test ran. `problems` say why it did not run as it should; `stopped` why it was ended early."""

    measured: Measured
    windows: list[dict[str, Any]] = field(default_factory=list)
    done: int = 0
    problems: list[str] = field(default_factory=list)
    stopped: str | None = None
    interrupted: bool = False


class _Lines:
    """The new whole lines of a growing file."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, 0, b""

    def take(self) -> list[dict[str, Any]]:
        """Those since the last time."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._at)
            fresh = file.read()
            self._at = file.tell()
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        return [json.loads(line) for line in lines if line]


def play(work: Work, folder: Path, locustfile: Path, environ: Mapping[str, str], watch: Watch) -> Played:
    """Run the test in `folder` to its end. Never hangs: a process that dies, or that does not end in time, ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    work.save(folder / WORK_FILE)
    environment = {**environ, "GOLIVE_LOAD": str(folder / WORK_FILE), PARENT: str(os.getpid())}
    played = Played(Measured())
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in _commands(work, locustfile).items():
            running[name] = _start(command, folder / f"{name}.log", environment)
        (folder / "processes.json").write_text(json.dumps({name: item.pid for name, item in running.items()}))
        _follow(work, folder, running, played, watch)
    except KeyboardInterrupt:
        played.interrupted = True
        played.problems.append("interrupted by the user")
    finally:
        _end(running)
    _read(folder, played)
    return played


def _commands(work: Work, locustfile: Path) -> dict[str, list[str]]:
    base = [sys.executable, "-m", "locust", "-f", str(locustfile), "--skip-log-setup", "--exit-code-on-error", "0"]
    lead = ["--headless", "--only-summary", "-u", str(work.workers), "-r", str(work.workers)]
    if work.workers == 1:
        return {"locust-1": [*base, *lead]}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    place = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    commands = {"locust-lead": [*base, *lead, "--master", "--expect-workers", str(work.workers), *place]}
    join = [*base, "--worker", "--master-host", "127.0.0.1", "--master-port", port]
    return commands | {f"locust-{number + 1}": join for number in range(work.workers)}


def _start(command: list[str], log: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    try:
        with log.open("wb") as output:
            return subprocess.Popen(  # noqa: S603 - our own interpreter on our own arguments
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )
    except OSError as error:
        raise HarnessError(f"cannot start Locust: {error.strerror or error}") from error


def _follow(
    work: Work, folder: Path, running: Mapping[str, "subprocess.Popen[bytes]"], played: Played, watch: Watch
) -> None:
    windows = _Lines(folder / WINDOWS)
    began: float | None = None
    limit = time.monotonic() + STARTING
    lead = next(iter(running.values()))
    while True:
        for window in windows.take():
            if began is None:
                began = time.monotonic() - 1.0
                limit = began + work.seconds + work.drain + STARTING
            played.measured.add(window)
            played.windows.append(window)
        dead = _dead(running, folder) if played.stopped is None else []
        if dead:
            played.problems += dead
            return
        if lead.poll() is not None:
            for process in running.values():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=GRACE)
            if played.stopped is None:
                played.problems += _dead(running, folder)
            return
        if began is not None and played.stopped is None:
            played.stopped = watch(played.measured, time.monotonic() - began)
            if played.stopped is not None:
                lead.terminate()
        if time.monotonic() > limit:
            what = "did not begin" if began is None else "did not end"
            played.problems.append(f"the load test {what} in time; see {folder}")
            return
        time.sleep(LOOK)


def _dead(running: Mapping[str, "subprocess.Popen[bytes]"], folder: Path) -> list[str]:
    """What there is to say of processes that ended otherwise than well."""
    found = []
    for name, process in running.items():
        code = process.poll()
        if code in {None, 0}:
            continue
        how = f"exit status {code}"
        if code is not None and code < 0:
            how = signal.Signals(-code).name
        found.append(f"{name} (process {process.pid}) ended by {how}: {_last_line(folder / f'{name}.log')}")
    return found


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def _end(running: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    for process in running.values():
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + GRACE
    try:
        for process in running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
    finally:  # also when a second ctrl-C does not want to wait
        for process in running.values():
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _read(folder: Path, played: Played) -> None:
    """What came after the last look: the last windows, and who is done."""
    seen = len(played.windows)
    for window in _Lines(folder / WINDOWS).take()[seen:]:
        played.measured.add(window)
        played.windows.append(window)
    played.done = len(_Lines(folder / DONE).take())


def clear(folder: Path) -> None:
    """Remove what an earlier test left in a folder of the same name."""
    for name in (WINDOWS, SAMPLES, DONE):
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{folder / name}: cannot be removed: {error.strerror or error}") from error
