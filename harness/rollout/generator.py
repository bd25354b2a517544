"""The open-model generator of one process: arrivals come when the plan says, whatever the answers do.

Latency counts from the intended start, service time from the send. A request that waits for the rate budget or for a
paused connection is late for its user, not for the generator; what the generator itself delays is its lateness, which
makes a run invalid. It never catches up in a bunch (`release`).
"""

import heapq
import random
import resource
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.client.retries import RetryPolicy, Wait, retrying
from harness.rollout.composing import Composer
from harness.rollout.jobs import DELAY, LAST, MOST, has_ended, job_of
from harness.rollout.measuring import AT_SIGHT, Recorder
from harness.rollout.operations import (
    Operation,
    Sample,
    arrivals,
    brief_exchange,
    is_empty,
    is_wrapped,
)
from harness.rollout.pacing import Pacer
from harness.rollout.release import MOMENT, Release, busiest
from harness.rollout.transport import Completion, CurlPool
from harness.rollout.work import Work

NAP = 0.002
"""Seconds that the loop gives away at most, to Locust or to the network."""
AT_ONCE = 32
"""Answers that are handled before the next look at what is due: after a freeze of the target hundreds come together."""


@dataclass
class Generator:
    """Plays the part of `work` that belongs to process `index`. `pause` gives the processor away for some seconds."""

    work: Work
    index: int
    pool: CurlPool
    recorder: Recorder
    report: Callable[[dict[str, Any]], None]
    environ: Mapping[str, str]
    pacer: Pacer | None = None
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    observe: Callable[[Operation, Completion, float], None] | None = None
    abandoned: Callable[[], bool] = lambda: False
    """Asked once a second: whether whoever started the load is gone. Then it ends."""
    stopped: bool = False
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(f"{self.work.stage}/{self.index}")  # noqa: S311 - jitter and sampling
        self._composer = Composer(self.work, self.environ, self._random)
        dues = [operation.due for operation in arrivals(self.work, self.index, 0.0)]
        self._most = busiest(dues, 1.0), busiest(dues, MOMENT)
        self._ready: list[tuple[int, float, int, Operation]] = []
        self._free: deque[Operation] = deque()
        self._later: list[tuple[float, int, Operation]] = []
        self._order = 0
        self._slot: float | None = None
        self._paused: dict[str, float] = {}
        self._worst: dict[int, tuple[float, int, bool]] = {}
        self._seen: dict[str, int] = {}
        self._open: deque[Operation] = deque(maxlen=MOST)
        self._filled: set[tuple[str, str | None]] = set()
        self._unit = next((flow.unit for flow in self.work.flows if flow.scenario == "steady_sync"), 1)
        self._window = 0
        self._usage = 0.0

    def run(self, start: float) -> None:
        """Play from the instant `start` (of `now`) to the end, then wait for what is still in flight."""
        self._start, end = start, start + self.work.seconds
        release = Release(arrivals(self.work, self.index, start), *self._most)
        self._usage, self._measured_at = _cpu(), max(self.now(), start)
        while not self.stopped:
            now = self.now()
            while self._later and self._later[0][0] <= now:
                self._put(heapq.heappop(self._later)[2])
            self._send_ready()
            while self._has_room() and (operation := release.take(self.now())) is not None:
                self.recorder.count(operation.flow.of, "planned")
                self._put(operation)
                self._send_ready()  # now, so that what is counted as left has left
            coming = [release.next_at(end), self._later[0][0] if self._later else end]
            if self._ready and self._slot is not None:
                coming.append(self._slot)
            self._listen(min(NAP, max(0.0, min(coming) - self.now())))
            self._close_window(self.now())
            if now >= end and ((release.over and self._done()) or now >= end + self.work.drain):
                break
        self._finish(release)

    def _done(self) -> bool:
        return not (self._ready or self._free or self._later or self.pool.in_flight)

    def _has_room(self) -> bool:
        """Whether an arrival could be sent; where a budget paces, it waits for its slot instead."""
        return self.pacer is not None or len(self._free) + self.pool.in_flight < self.work.in_flight

    def _put(self, operation: Operation) -> None:
        until = self._paused.get(operation.step.platform or "", 0.0)
        if until > operation.due:
            operation.due = until
            self._wait(operation)
            return
        operation.ready = operation.due
        if self.pacer is None or operation.step.of == "webhook":
            self._free.append(operation)
            return
        self._order += 1
        heapq.heappush(self._ready, (operation.flow.urgency, operation.due, self._order, operation))

    def _wait(self, operation: Operation) -> None:
        self._order += 1
        heapq.heappush(self._later, (operation.due, self._order, operation))

    def _send_ready(self) -> None:
        while self._free and not self.pool.full:
            self._send(self._free.popleft(), None)
        while self._ready and self.pacer is not None and not self.pool.full:
            if self._slot is None:
                self._slot = self.pacer.reserve()
            if self._slot > self.now():
                return
            slot, self._slot = self._slot, None
            if not self.pacer.expired(slot):
                self._send(heapq.heappop(self._ready)[3], slot)

    def _send(self, operation: Operation, slot: float | None) -> None:
        step, headers = operation.step, self._composer.compose(operation)
        operation.sent = self.now()
        late = operation.sent - max(operation.ready, slot or 0.0)
        self.recorder.value("lateness", step.of, max(0.0, late))
        self.recorder.count(step.of, "sent")
        if operation.attempt == 1:
            self.recorder.count(step.of, "wanted")
        if step.of != "webhook":
            self.recorder.send(operation.sent - self._start)
        self.pool.submit(step.method, operation.url, headers, operation.body, operation)

    def _listen(self, wait: float) -> None:
        if wait > 0 and not self.pool.in_flight:
            self.pause(wait)
            return
        for completion in self.pool.poll(wait, AT_ONCE):
            self._answered(completion)
        self.pause(0)

    def _answered(self, completion: Completion) -> None:
        operation: Operation = completion.token
        step, ended = operation.step, self.now()
        self.recorder.count(step.of, "answered")
        self.recorder.value("service", step.of, ended - operation.sent)
        problem = self._problem(operation, completion)
        wait = self._retry(operation, completion) if problem is not None else None
        if wait is not None:
            operation.attempt += 1
            operation.due = ended + wait.seconds
            if wait.scope == "connection" and completion.status == 452 and step.platform:
                self._paused[step.platform] = operation.due
            self._wait(operation)
        else:
            self.recorder.value("latency", step.of, ended - operation.intended)
            self._follow_up(operation, completion, ended)
            self._note_freshness(operation, ended, problem is None)
            if problem is None:
                self._look_into(operation, completion)
                self._sample(operation, completion)
        if self.observe is not None:
            self.observe(operation, completion, ended)

    def _problem(self, operation: Operation, completion: Completion) -> str | None:
        """What is wrong with an answer, in a few words; counts it."""
        step, status = operation.step, completion.status
        if status == 429:
            self.recorder.count(step.of, "limited")
            self.recorder.refusals.append(operation.sent - self._start)
            return "429"
        if status == 452:
            self.recorder.count(step.of, "platform_limited")
            return "452"
        problem = None
        if status is None:
            problem = (completion.problem or "no answer").partition(":")[0]
        elif status != 200 and (step.of != "webhook" or not 200 <= status < 300):
            problem = f"status {status}"
        elif step.operation == "job":
            problem = self._job_problem(operation, completion.body)
        if problem is not None:
            self.recorder.count(step.of, "errors")
            self.recorder.problems[f"{step.of}: {problem}"] += 1
        return problem

    def _job_problem(self, operation: Operation, body: bytes) -> str | None:
        try:
            ended = has_ended(body)
        except ValueError:
            return "a job that failed or is none"
        self.recorder.count("job", "ended" if ended else "open")
        if not ended and not operation.looks:
            self._open.append(operation)
        return None

    def _last_looks(self) -> None:
        """What had not ended a second after its write may have by now; without these looks nobody would know."""
        while self._open:
            operation = self._open.popleft()
            self.recorder.count("job", "planned")
            now = self.now()
            self._put(Operation(operation.step, operation.flow, now, now, operation.connection, looks=1))

    def _retry(self, operation: Operation, completion: Completion) -> Wait | None:
        """How the client's own table repeats it: bounded, with back-off; 429 stops the whole organisation."""
        if operation.step.of == "webhook" or self.now() > self._start + self.work.seconds:
            return None
        if operation.retry is None:
            operation.retry = retrying(RetryPolicy(), self._random)
            next(operation.retry)
        try:
            wait: Wait = operation.retry.send(brief_exchange(operation, completion))
        except StopIteration:
            return None
        if wait.scope == "organisation" and self.pacer is not None:
            self.pacer.store.postpone(wait.seconds)
            self._slot = None
        return wait

    def _follow_up(self, operation: Operation, completion: Completion, ended: float) -> None:
        step = operation.step
        self._composer.learn(step, completion)
        if step.operation == "create" and operation.looks < self.work.job_looks:
            look, due = job_of(operation, completion.body), ended + DELAY
            if look is not None and due < self._start + self.work.seconds:
                self.recorder.count("job", "planned")
                self._wait(Operation(look, operation.flow, due, due, operation.connection))

    def _note_freshness(self, operation: Operation, ended: float, good: bool) -> None:
        if operation.flow.scenario != "steady_sync":
            return
        worst, count, whole = self._worst.get(operation.connection, (0.0, 0, True))
        age = ended - operation.intended
        self._worst[operation.connection] = (max(worst, age), count + 1, whole and good)

    def _look_into(self, operation: Operation, completion: Completion) -> None:
        """Every good answer, not the sampled ones only: what takes no check and a few microseconds."""
        step, wrong = operation.step, None
        if step.key is not None and not is_wrapped(completion.body, step.key):
            wrong = f"{completion.status} without {step.key}"
        elif step.operation == "list" and step.key is not None and "cursor=" not in operation.url:
            place, empty = (step.path, step.platform), is_empty(completion.body, step.key)
            if empty and place in self._filled:
                wrong = "a list that had rows before is empty"
            elif not empty:
                self._filled.add(place)
        if wrong is not None:
            self.recorder.count(step.of, "wrong")
            self.recorder.problems[f"{step.of}: {AT_SIGHT}{wrong}"] += 1

    def _sample(self, operation: Operation, completion: Completion) -> None:
        """A fair sample of the good answers of each class (reservoir)."""
        of = operation.step.of
        kept = self.samples.setdefault(of, [])
        self._seen[of] = self._seen.get(of, 0) + 1
        if len(kept) < self.work.samples:
            kept.append(Sample(operation, completion))
        else:
            place = self._random.randrange(self._seen[of])
            if place < len(kept):
                kept[place] = Sample(operation, completion)

    def _close_window(self, now: float) -> None:
        second = int(now - self._start)
        if second > self._window and now > self._start:
            self._take(now)
            self._window = second
            if now > self._start + self.work.seconds - LAST:
                self._last_looks()
            self.stopped = self.stopped or self.abandoned()

    def _take(self, now: float) -> None:
        used, lasted = _cpu(), max(1e-6, now - self._measured_at)
        share = (used - self._usage) / lasted if lasted > 0.5 else 0.0  # too short to tell
        self._usage, self._measured_at = used, now
        lost = 0
        if self.pacer is not None:
            lost, self.pacer.lost = self.pacer.lost, 0
        queued = len(self._ready) + len(self._free) + len(self._later)
        self.report(
            self.recorder.take(self._window, cpu=share, in_flight=self.pool.in_flight, queued=queued, lost_slots=lost)
        )

    def _finish(self, release: Release) -> None:
        """What is in flight or unsent at the end is counted with its age so far: censored, not dropped."""
        now = self.now()
        for operation in self.pool.abandon():
            self.recorder.count(operation.step.of, "in_flight")
            self.recorder.value("latency", operation.step.of, now - operation.intended)
            self._note_freshness(operation, now, good=False)
        never = release.rest()
        for operation in never:
            self.recorder.count(operation.flow.of, "planned")
        waiting = [item[3] for item in self._ready] + [*self._free] + [item[2] for item in self._later]
        for operation in (*waiting, *never):
            self.recorder.count(operation.step.of, "unsent")
            if operation.intended <= now:
                self.recorder.value("latency", operation.step.of, now - operation.intended)
        period = self.work.sync_every
        for worst, count, whole in self._worst.values():
            if self.stopped and count < self._unit:
                continue  # ended early: of those that were not done nothing is known
            complete = whole and count >= self._unit
            self.recorder.value("fresh", "list", period + worst if complete else 2 * period + worst)
        self._take(now)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
