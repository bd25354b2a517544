"""The one file that imports Locust (importing it patches the process for gevent): an open-loop user and its messages.

Every process of a load test runs one `OpenLoop` user, which plays its part of the work. Windows of measurements travel
as Locust messages to the process that leads, which appends them to one file. With Locust's own web UI, or its own
`--master` and `--worker`, the same happens.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
import locust
from gevent.threadpool import ThreadPool
from locust.runners import MasterRunner, WorkerRunner

from harness.core import Redactor
from harness.rollout.generator import Generator
from harness.rollout.measuring import Recorder
from harness.rollout.operations import Operation, full_exchange
from harness.rollout.pacing import Pacer
from harness.rollout.process import PARENT
from harness.rollout.slots import open_slots
from harness.rollout.transport import Completion, CurlPool
from harness.rollout.work import BUDGET, Work

WINDOW, SAMPLE, DONE, START = "golive_window", "golive_sample", "golive_done", "golive_start"
WORK, KEY = "GOLIVE_LOAD", "GOLIVE_LOAD_KEY"
"""Environment: where the work file is; the key of the redaction, in hex."""
LEAD = 1.0
"""Seconds between the order to start and the first arrival, for every process to hear it."""


class OpenLoop(locust.User):
    """Plays the work of its process once, then asks for the end. Further users of the same process rest."""

    abstract = True
    generator: Generator | None = None

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._first = not environment.golive_playing
        environment.golive_playing = True

    @locust.task
    def play(self) -> None:
        """Wait for the common start, play, send the samples."""
        environment: Any = self.environment
        if not self._first:
            gevent.sleep(3600)
            return
        index = max(0, environment.runner.worker_index)
        self.generator = _generator(environment, index)
        environment.golive_started.wait()
        self.generator.run(time.monotonic() + environment.golive_start_at - time.time())
        for number, evidence in enumerate(_redacted(self.generator, index)):
            if number % 10 == 0:
                gevent.sleep(0)  # Locust's own messages keep flowing
            environment.runner.send_message(SAMPLE, evidence)
        environment.runner.send_message(DONE, {"worker": index})
        gevent.sleep(3600)

    def on_stop(self) -> None:
        """The run ends early: stop sending."""
        if self.generator is not None:
            self.generator.stopped = True


def connect(environment: Any, work: Work, *, quit_when_done: bool = True) -> None:
    """Register the messages of a load test. Call it from a listener of Locust's `init`."""
    environment.golive_work = work
    _ready_again(environment)
    runner = environment.runner
    runner.register_message(START, _started)
    environment.events.test_stop.add_listener(lambda **_: _ready_again(environment))
    if not isinstance(runner, WorkerRunner):
        folder = Path(os.environ[WORK]).parent
        collector = _Collector(folder, 1 if not isinstance(runner, MasterRunner) else work.workers, quit_when_done)
        for name in (WINDOW, SAMPLE, DONE):
            runner.register_message(name, collector)
        environment.events.spawning_complete.add_listener(lambda **_: _order_start(environment))


def _ready_again(environment: Any) -> None:
    """After a stop in the web UI a further start plays the work anew."""
    environment.golive_started = gevent.event.Event()
    environment.golive_ordered = False
    environment.golive_playing = False


def _order_start(environment: Any) -> None:
    if not environment.golive_ordered:
        environment.golive_ordered = True
        environment.runner.send_message(START, {"at": time.time() + LEAD})


def _started(environment: Any, msg: Any, **_: Any) -> None:
    environment.golive_start_at = float(msg.data["at"])
    environment.golive_started.set()


class _Collector:
    """In the process that leads: appends what comes to files, ends the run when every process is done. One thread
    writes: with one process it is the one that sends, and a disk that is busy would make it late."""

    def __init__(self, folder: Path, workers: int, quit_when_done: bool) -> None:
        self._folder, self._workers, self._quit = folder, workers, quit_when_done
        self._done: set[int] = set()
        self._thread = ThreadPool(1)
        self._broken: str | None = None

    def __call__(self, environment: Any, msg: Any, **_: Any) -> None:
        if self._broken is not None:
            environment.process_exit_code = 1
            with suppress(OSError):  # the log, whose last line tells why, may be on the same disk
                print(self._broken, flush=True)
            environment.runner.quit()
            return
        if msg.type == DONE:
            self._done.add(int(msg.data["worker"]))
            self._thread.spawn(self._append, "done.ndjson", msg.data)
            if len(self._done) >= self._workers and self._quit:
                self._thread.join()
                environment.process_exit_code = 0 if self._broken is None else 1
                gevent.spawn_later(0.2, environment.runner.quit)
            return
        self._thread.spawn(self._append, "windows.ndjson" if msg.type == WINDOW else "samples.ndjson", msg.data)

    def _append(self, name: str, data: Any) -> None:
        try:
            with (self._folder / name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(data) + "\n")
        except OSError as error:
            self._broken = f"{self._folder / name}: cannot write: {error.strerror or error}"


def _generator(environment: Any, index: int) -> Generator:
    work: Work = environment.golive_work
    pacer = None
    if work.slots is not None:
        store = open_slots(os.environ.get(BUDGET) or work.slots)
        pacer = Pacer(store, per_second=work.per_second, jitter=work.jitter, sleep=gevent.sleep)
    parent = int(os.environ.get(PARENT, "0"))
    raw = Path(work.raw) / f"raw-{index}.csv" if work.raw else None
    lines: list[str] = []

    def observe(operation: Operation, completion: Completion, ended: float) -> None:
        environment.events.request.fire(
            request_type=operation.step.method,
            name=f"{operation.flow.scenario} {operation.step.of}",
            response_time=(ended - operation.intended) * 1000,
            response_length=len(completion.body),
            exception=None if completion.status is not None and completion.status < 400 else _Failed(completion.status),
            context={},
        )
        if raw is not None:
            lines.append(f"{operation.intended!r},{operation.sent!r},{ended!r}\n")
            if len(lines) > 500:
                _write(raw, lines)

    def report(window: dict[str, Any]) -> None:
        environment.runner.send_message(WINDOW, window)
        if raw is not None:
            _write(raw, lines)

    return Generator(
        work,
        index,
        CurlPool(work.in_flight, timeout=work.timeout),
        Recorder(index),
        report,
        os.environ,
        pacer,
        pause=gevent.sleep,
        observe=observe if work.extra.get("observe", True) else None,
        abandoned=lambda: parent != 0 and os.getppid() != parent,
    )


class _Failed(Exception):
    """What Locust shows of an answer that is none."""


def _write(path: Path, lines: list[str]) -> None:
    with path.open("a", encoding="ascii") as file:
        file.writelines(lines)
    lines.clear()


def _redacted(generator: Generator, index: int) -> Iterator[dict[str, Any]]:
    """The sampled answers as evidence: redaction happens here, before anything leaves the process. Whole: a row that
    is wrong may be the last of its page."""
    key = os.environ.get(KEY)
    if not key:
        return
    redactor = Redactor(bytes.fromhex(key), prefix=f"load{index}")
    for name, value in os.environ.items():
        if name.startswith("RUTTER_ACCESS_TOKEN_"):
            redactor.learn("access_token", value)
    redactor.learn("client_id", os.environ.get("RUTTER_CLIENT_ID", ""))
    redactor.learn("client_secret", os.environ.get("RUTTER_CLIENT_SECRET", ""))
    for of, kept in generator.samples.items():
        for sample in kept if of != "webhook" else ():
            yield redactor.evidence(full_exchange(sample), case=sample.operation.step.case).to_json()
