"""The open-model generator of one process: arrivals come when the plan says, whatever the answers do.

Latency counts from the intended start, service time from the send. A request that waits for the rate budget, for a
paused connection or for a free transfer is late for its user, not for the generator; what the generator itself delays
is its lateness, which makes a run invalid.
"""

import heapq
import random
import re
import resource
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from harness.client.retries import RetryPolicy, Wait, retrying
from harness.rollout.measuring import Recorder
from harness.rollout.operations import Operation, Sample, arrivals, brief_exchange, job_failed
from harness.rollout.pacing import Pacer
from harness.rollout.signing import signature
from harness.rollout.transport import Completion, CurlPool
from harness.rollout.work import TOKEN, UNIQUE, Step, Work

NAP = 0.002
"""Seconds that the loop gives away at most, to Locust or to the network."""
JOB_DELAY = 1.0
"""Seconds after which the job of an asynchronous write is looked at."""
_CURSOR = re.compile(rb'"next_cursor"\s*:\s*"([^"]+)"')
_JOB = re.compile(rb'"async_response"\s*:\s*\{[^{}]*?"id"\s*:\s*"([^"]+)"')


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
    stopped: bool = False
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(f"{self.work.stage}/{self.index}")  # noqa: S311 - jitter and sampling
        self._ready: list[tuple[int, float, int, Operation]] = []
        self._later: list[tuple[float, int, Operation]] = []
        self._order = 0
        self._slot: float | None = None
        self._paused: dict[str, float] = {}
        self._cursors: dict[tuple[str, str | None], str] = {}
        self._worst: dict[int, tuple[float, int, bool]] = {}
        self._sends: list[float] = []
        self._seen: dict[str, int] = {}
        self._window = 0
        self._usage = 0.0
        self._headers = self._fixed_headers()

    def run(self, start: float) -> None:
        """Play from the instant `start` (of `now`) to the end, then wait for what is still in flight."""
        self._start, end = start, start + self.work.seconds
        coming_in = arrivals(self.work, self.index, start)
        following = next(coming_in, None)
        self._usage, self._measured_at = _cpu(), max(self.now(), start)
        while not self.stopped:
            now = self.now()
            while following is not None and following.due <= now:
                self.recorder.count(following.flow.of, "planned")
                self._put(following)
                following = next(coming_in, None)
            while self._later and self._later[0][0] <= now:
                self._put(heapq.heappop(self._later)[2])
            self._send_ready()
            coming = [end if following is None else following.due, self._later[0][0] if self._later else end]
            if self._ready and self._slot is not None:
                coming.append(self._slot)
            self._listen(min(NAP, max(0.0, min(coming) - self.now())))
            self._close_window(self.now())
            if now >= end and following is None and (self._done() or now >= end + self.work.drain):
                break
        self._finish(coming_in, following)

    def _done(self) -> bool:
        return not (self._ready or self._later or self.pool.in_flight)

    def _put(self, operation: Operation) -> None:
        until = self._paused.get(operation.step.platform or "", 0.0)
        if until > operation.due:
            operation.due = until
            self._wait(operation)
            return
        operation.ready = operation.due
        self._order += 1
        heapq.heappush(self._ready, (operation.flow.urgency, operation.due, self._order, operation))

    def _wait(self, operation: Operation) -> None:
        self._order += 1
        heapq.heappush(self._later, (operation.due, self._order, operation))

    def _send_ready(self) -> None:
        while self._ready and not self.pool.full:
            slot = None
            if self.pacer is not None and self._ready[0][3].step.of != "webhook":
                if self._slot is None:
                    self._slot = self.pacer.reserve()
                if self._slot > self.now():
                    return
                slot, self._slot = self._slot, None
                if self.pacer.expired(slot):
                    continue
            self._send(heapq.heappop(self._ready)[3], slot)

    def _send(self, operation: Operation, slot: float | None) -> None:
        step = operation.step
        operation.url, headers = self._address(operation)
        if step.body is not None and operation.body is None:
            token = self.environ.get(f"RUTTER_ACCESS_TOKEN_{step.platform}", "")
            unique = f"{self._random.getrandbits(40):010x}"
            operation.body = step.body.replace(UNIQUE, unique).replace(TOKEN, token).encode()
        if step.method != "GET":
            headers = [*headers, "Content-Type: application/json"]
            if self.work.signed and step.of == "webhook":
                secret = self.environ.get("RUTTER_CLIENT_SECRET", "")
                headers = [*headers, f"X-Rutter-Signature: {signature(operation.body or b'', secret)}"]
            elif step.operation == "create":
                headers = [*headers, f"Idempotency-Key: {uuid.UUID(int=self._random.getrandbits(128), version=4)}"]
        operation.sent = self.now()
        late = operation.sent - max(operation.ready, slot or 0.0)
        self.recorder.value("lateness", step.of, max(0.0, late))
        self.recorder.count(step.of, "sent")
        if operation.attempt == 1:
            self.recorder.count(step.of, "wanted")
        if step.of != "webhook":
            self.recorder.send(operation.sent - self._start)
            self._sends.append(operation.sent)
        self.pool.submit(step.method, operation.url, headers, operation.body, operation)

    def _address(self, operation: Operation) -> tuple[str, list[str]]:
        step = operation.step
        if step.path.startswith("http"):
            return step.path, self._headers if step.of != "webhook" else []
        url = self.work.base_url + step.path
        parts = []
        cursor = self._cursors.get((step.path, step.platform)) if step.walks else None
        if cursor is not None:
            parts.append(f"cursor={quote(cursor, safe='')}")
        token = self.environ.get(f"RUTTER_ACCESS_TOKEN_{step.platform}") if step.platform else None
        if token is not None:
            parts.append(f"access_token={token}")
        return (url + ("&" if "?" in url else "?") + "&".join(parts) if parts else url), self._headers

    def _fixed_headers(self) -> list[str]:
        user = self.environ.get("RUTTER_CLIENT_ID")
        if not user:
            return []
        pair = f"{user}:{self.environ.get('RUTTER_CLIENT_SECRET', '')}"
        basic = b64encode(pair.encode()).decode("ascii")
        return [f"Authorization: Basic {basic}", f"X-Rutter-Version: {self.work.version}", "Accept: application/json"]

    def _listen(self, wait: float) -> None:
        if wait > 0 and not self.pool.in_flight:
            self.pause(wait)
            return
        for completion in self.pool.poll(wait):
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
                self._sample(operation, completion)
        if self.observe is not None:
            self.observe(operation, completion, ended)

    def _problem(self, operation: Operation, completion: Completion) -> str | None:
        """What is wrong with an answer, in a few words; counts it."""
        step, status = operation.step, completion.status
        if status == 429:
            self.recorder.count(step.of, "limited")
            began = operation.sent - self.work.window
            self.recorder.refusals.append(sum(sent > began for sent in self._sends[-5000:]))
            return "429"
        if status == 452:
            self.recorder.count(step.of, "platform_limited")
            return "452"
        problem = None
        if status is None:
            problem = (completion.problem or "no answer").partition(":")[0]
        elif not 200 <= status < 300:
            problem = f"status {status}"
        elif step.operation == "job" and job_failed(completion.body):
            problem = "a job that failed"
        if problem is not None:
            self.recorder.count(step.of, "errors")
            self.recorder.problems[f"{step.of}: {problem}"] += 1
        return problem

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
        if step.walks and completion.status == 200:
            found = _CURSOR.search(completion.body)
            key = (step.path, step.platform)
            if found:
                self._cursors[key] = found[1].decode()
            else:
                self._cursors.pop(key, None)
        if step.operation == "create" and operation.looks < self.work.job_looks:
            job = _JOB.search(completion.body)
            if job is not None:
                path = f"/jobs/{job[1].decode()}"
                look = Step("job", "GET", path, None, None, "jobs", "job", step.case)
                due = ended + JOB_DELAY
                if due < self._start + self.work.seconds:
                    self.recorder.count("job", "planned")
                    self._wait(Operation(look, operation.flow, due, due, operation.connection))

    def _note_freshness(self, operation: Operation, ended: float, good: bool) -> None:
        if operation.flow.scenario != "steady_sync":
            return
        worst, count, whole = self._worst.get(operation.connection, (0.0, 0, True))
        age = ended - operation.intended
        self._worst[operation.connection] = (max(worst, age), count + 1, whole and good)

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
            horizon = now - self.work.window
            self._sends = [sent for sent in self._sends if sent > horizon]

    def _take(self, now: float) -> None:
        used, lasted = _cpu(), max(1e-6, now - self._measured_at)
        share = (used - self._usage) / lasted if lasted > 0.5 else 0.0  # too short to tell
        self._usage, self._measured_at = used, now
        lost = 0
        if self.pacer is not None:
            lost, self.pacer.lost = self.pacer.lost, 0
        queued = len(self._ready) + len(self._later)
        self.report(
            self.recorder.take(self._window, cpu=share, in_flight=self.pool.in_flight, queued=queued, lost_slots=lost)
        )

    def _finish(self, coming_in: Iterator[Operation], following: Operation | None) -> None:
        """What is in flight or unsent at the end is counted with its age so far: censored, not dropped."""
        now = self.now()
        for operation in self.pool.abandon():
            self.recorder.count(operation.step.of, "in_flight")
            self.recorder.value("latency", operation.step.of, now - operation.intended)
            self._note_freshness(operation, now, good=False)
        waiting = [item[3] for item in self._ready] + [item[2] for item in self._later]
        for operation in waiting:
            self.recorder.count(operation.step.of, "unsent")
            self.recorder.value("latency", operation.step.of, max(0.0, now - operation.intended))
        never = list(coming_in) + ([following] if following is not None else [])
        for operation in never:
            self.recorder.count(operation.flow.of, "planned")
            self.recorder.count(operation.step.of, "unsent")
        period = self.work.sync_every
        for worst, count, whole in self._worst.values():
            complete = whole and count >= next(flow.unit for flow in self.work.flows if flow.scenario == "steady_sync")
            self.recorder.value("fresh", "list", period + worst if complete else 2 * period + worst)
        self._take(now)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
