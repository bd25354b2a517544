"""Workers: take events off the inbox until they are told to stop. Any number, in any number of processes."""

import logging
import threading
import uuid
from collections.abc import Callable

from harness.backend.inbox import Inbox
from harness.backend.meaning import Event, effect_of
from harness.errors import HarnessError

LOG = logging.getLogger("golive.backend.worker")
BATCH = 300


class Worker:
    """Works in a thread of its own. `wake` says that there is work; without it, it looks every `idle` seconds, because
    other processes fill the same inbox. `worked` is told when effects were committed."""

    def __init__(self, inbox: Inbox, *, idle: float, worked: Callable[[], None]) -> None:
        self.name = f"worker-{uuid.uuid4().hex[:12]}"
        self._worked = worked
        self._inbox = inbox
        self._idle = idle
        self._work = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is work."""
        self._work.set()

    def stop(self) -> None:
        """End after the batch under way."""
        self._stopping.set()
        self._work.set()
        self._thread.join(timeout=30)

    def once(self) -> int:
        """Work off one batch; how many events it held."""
        events = self._inbox.lease(self.name, BATCH)
        if not events:
            return 0
        try:
            self._inbox.finish(self.name, events, effect_of)
        except Exception as error:  # noqa: BLE001 - one event spoils its batch: each is tried alone below, and told
            LOG.warning("a batch of %d events failed: %s", len(events), type(error).__name__)
            for event in events:
                self._alone(event)
        self._worked()
        return len(events)

    def _alone(self, event: Event) -> None:
        try:
            self._inbox.finish(self.name, [event], effect_of)
        except Exception as error:  # noqa: BLE001 - it ends as a dead letter that is listed and can be replayed
            LOG.warning("event %s (%s) failed: %s", event.digest[:12], event.code, type(error).__name__)
            self._inbox.fail(self.name, event, type(error).__name__)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._work.clear()
            try:
                if self.once():
                    continue
            except HarnessError as error:
                # The database is away for a moment; leases keep what was taken.
                LOG.warning("the inbox cannot be worked off: %s", error)
            self._work.wait(self._idle)
