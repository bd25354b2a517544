"""Several benches at once: each a pytest process that is given one trial after the other."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO

from harness.errors import HarnessError
from harness.proving.orders import BenchOrder, Trial, TrialResult

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "suites" / "golive"
UNUSED = ("cacheprovider", "schemathesis", "locust", "anyio", "hypothesispytest")
"""Plugins that no case needs; the bench reports to its pool and to nobody else."""


class BenchWorker:
    """One bench in a process of its own."""

    def __init__(self, order: BenchOrder, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.log = folder / "pytest.log"
        (inner_read, outer_write), (outer_read, inner_write) = os.pipe(), os.pipe()
        order = replace(order, directory=str(folder), commands=inner_read, answers=inner_write)
        file = folder / "bench.json"
        file.write_text(order.dumps(), encoding="utf-8")
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter on our own arguments
                _command(file), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                pass_fds=(inner_read, inner_write), start_new_session=True,
            )  # fmt: skip
        os.close(inner_read)
        os.close(inner_write)
        self._commands: IO[str] = os.fdopen(outer_write, "w")
        self._answers: IO[str] = os.fdopen(outer_read, "r")

    def run(self, trial: Trial) -> TrialResult:
        """One trial to its end; HarnessError when the process died over it."""
        try:
            self._commands.write(trial.dumps())
            self._commands.flush()
            line = self._answers.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise HarnessError(f"the bench ended over {trial.name}: {self._tail()}")
        return TrialResult.loads(line)

    def close(self) -> None:
        """No more orders: the process ends by itself, and by force if it does not."""
        with suppress(BrokenPipeError):
            self._commands.close()
        self._answers.close()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _tail(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it said nothing"


class Pool:
    """`run` spreads trials over the workers and gives the results in the order of the trials."""

    def __init__(self, workers: list[BenchWorker]) -> None:
        self._workers = workers

    def run(self, trials: Iterable[Trial], told: Callable[[TrialResult], None]) -> list[TrialResult]:
        """Run all trials; `told` hears of each as it ends. The first error ends it."""
        wanted = list(trials)
        waiting: SimpleQueue[tuple[int, Trial]] = SimpleQueue()
        done: SimpleQueue[tuple[int, TrialResult | Exception]] = SimpleQueue()
        for pair in enumerate(wanted):
            waiting.put(pair)
        threads = [Thread(target=_feed, args=(worker, waiting, done), daemon=True) for worker in self._workers]
        for thread in threads:
            thread.start()
        results: dict[int, TrialResult] = {}
        while len(results) < len(wanted):
            index, result = done.get()
            if isinstance(result, Exception):
                raise result
            results[index] = result
            told(result)
        return [results[index] for index in range(len(wanted))]


@contextmanager
def open_pool(order: BenchOrder, workers: int) -> Iterator[Pool]:
    """A pool of `workers` benches, ended whatever happens."""
    if not SUITE.is_dir():
        raise HarnessError(f"{SUITE} does not exist: golive proves from a checkout, installed with --editable")
    with tempfile.TemporaryDirectory(prefix="golive-prove-") as folder:
        started: list[BenchWorker] = []
        try:
            for number in range(workers):
                started.append(BenchWorker(order, Path(folder) / f"bench{number}"))  # noqa: PERF401 - ended one by one
            yield Pool(started)
        finally:
            for worker in started:
                worker.close()


def _feed(
    worker: BenchWorker,
    waiting: "SimpleQueue[tuple[int, Trial]]",
    done: "SimpleQueue[tuple[int, TrialResult | Exception]]",
) -> None:
    while True:
        try:
            index, trial = waiting.get_nowait()
        except Empty:
            return
        try:
            done.put((index, worker.run(trial)))
        except Exception as error:  # noqa: BLE001 - top of a thread: the pool raises it
            done.put((index, error))
            return


def _command(file: Path) -> list[str]:
    options = ["--quiet", "--no-header", "--color=no", "--assert=plain", "-W", "default"]
    options += [part for name in UNUSED for part in ("-p", f"no:{name}")]
    configuration = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    bench = ["-p", "harness.proving.plugin", "--golive-bench", str(file)]
    return [sys.executable, "-m", "pytest", *configuration, *options, *bench, str(SUITE)]
