"""What is looked at while a load test runs: progress, the backend's queue, gates that are lost for good."""

import time
from collections.abc import Callable

from harness.errors import TargetUnreachable, UsageError
from harness.plan.rollout import Rollout, Stage
from harness.rollout.backend import WEBHOOK_PATH, Queue, look
from harness.rollout.circumstances import Circumstances
from harness.rollout.demand import limit_of
from harness.rollout.emulated import Emulated, Raised
from harness.rollout.judging import lost_for_good
from harness.rollout.measuring import Measured
from harness.rollout.work import Work

TELL_EVERY = 5.0
LOOK_EVERY = 1.0
SETTLE = 45.0
"""Seconds after the load for webhooks that are on their way: a refused one comes again after 30 seconds by default."""
SETTLE_LOOK = 0.5


class Webhooks:
    """A backend's queue, and what an emulator raised for it. `provider` None: only the generator sends webhooks."""

    def __init__(self, backend: str, provider: Emulated | None) -> None:
        self.queue = Queue()
        self._backend, self._provider = backend, provider
        self._endpoint = self._own = None
        self._mark = self._newest = 0
        if provider is not None:
            self._endpoint = provider.hears(backend)
            if self._endpoint is None:
                self._endpoint = self._own = provider.deliver_to(backend.rstrip("/") + WEBHOOK_PATH)

    def begin(self) -> None:
        """Wait for what earlier requests caused; what comes from now on is of the test. UsageError when webhooks of
        before do not end: they would be counted as ours."""
        look(self._backend)  # whoever cannot tell it now takes no part
        if not self._settle(lambda: 0.0):
            raise UsageError(
                f"{self._backend} still works off webhooks of before the test; wait until its queue is empty"
            )
        self._mark = self._newest
        self.queue = Queue(self.queue.states[-1:])

    def look(self, elapsed: float) -> None:
        """Ask the backend how its queue is."""
        try:
            self.queue.states.append((elapsed, look(self._backend)))
        except TargetUnreachable as error:
            self.queue.silences.append((elapsed, str(error)))  # a backend that load silences is what gates are for

    def end(self, elapsed: float) -> None:
        """Look on until nothing waits, and a while at most; no more webhooks then."""
        began = time.monotonic()
        self._settle(lambda: elapsed + time.monotonic() - began)

    def close(self) -> None:
        """Take back the endpoint that was registered for the test."""
        if self._provider is not None and self._own is not None:
            self._provider.forget(self._own)

    def _settle(self, elapsed: Callable[[], float]) -> bool:
        """Look until nothing is on its way, nothing waits, and nothing was raised meanwhile; whether that came in time.
        Only then do the two sides speak of the same webhooks."""
        deadline = time.monotonic() + SETTLE
        while True:
            before, looks = self._raised(), len(self.queue.states)
            self.look(elapsed())
            if before is not None:
                self.queue.raised, self.queue.undelivered = before.events, before.waiting
                self.queue.tried, self.queue.refused = before.tried, before.refused
                self.queue.slowest = before.slowest
                self._newest = before.newest
            told = len(self.queue.states) > looks and self.queue.states[-1][1].backlog == 0
            if told and (before is None or (before.waiting == 0 and before == self._raised())):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(SETTLE_LOOK)

    def _raised(self) -> Raised | None:
        if self._provider is None or self._endpoint is None:
            return None
        return self._provider.raised(self._endpoint, self._mark)


class Watcher:
    """Called while a test runs; says why it should end early."""

    def __init__(
        self,
        plan: Rollout,
        stage: Stage,
        work: Work,
        previous: Measured | None,
        webhooks: Webhooks | None,
        say: Callable[[str], None],
    ) -> None:
        self._plan, self._stage, self._work, self._previous, self._say = plan, stage, work, previous, say
        self._webhooks = webhooks
        self._told = self._looked = 0.0
        self.elapsed = 0.0

    def __call__(self, measured: Measured, elapsed: float) -> str | None:
        self.elapsed = elapsed
        if self._webhooks is not None and elapsed - self._looked >= LOOK_EVERY:
            self._looked = elapsed
            self._webhooks.look(elapsed)
        if elapsed - self._told >= TELL_EVERY:
            self._told = elapsed
            p99 = measured.quantile("latency", 0.99)
            self._say(
                f"{self._stage.stage}: {elapsed:.0f} of {self._work.seconds:g} s, {measured.total('sent'):,} sent, "
                f"p99 {'-' if p99 is None else f'{p99 * 1000:.0f} ms'}, {measured.total('errors')} errors, "
                f"{measured.total('limited')} × 429"
            )
        lost = lost_for_good(self._stage.parsed_gates, measured, self.around(over=False))
        return f"gate {lost[0].gate} cannot be won back: {lost[0].seen}" if lost else None

    def around(self, *, over: bool, judged: int = 0, refused: int = 0, messages: tuple[str, ...] = ()) -> Circumstances:
        """What the gates are judged with."""
        limit = limit_of(self._plan)
        return Circumstances(
            planned=self._work.requests,
            seconds=self._work.seconds,
            limit=limit.requests,
            window=limit.window,
            over=over,
            previous=self._previous,
            judged=judged,
            refused=refused,
            queue=self._webhooks.queue if self._webhooks is not None else None,
            backend_required=self._plan.backend_required,
            check_messages=messages,
        )
