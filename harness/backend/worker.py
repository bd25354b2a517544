"""Workers: take events off the inbox until they are told to stop. Any number, in any number of processes."""

import logging
from collections.abc import Callable

from harness.backend.inbox import Inbox
from harness.backend.meaning import Event, effect_of
from harness.backend.woken import Woken
from harness.errors import HarnessError

LOG = logging.getLogger("golive.backend.worker")
BATCH = 300


class Worker(Woken):
    """Works off batches. Without being woken it looks every `idle` seconds, because other processes fill the same
    inbox. `worked` is told when effects were committed."""

    def __init__(self, inbox: Inbox, *, idle: float, worked: Callable[[], None]) -> None:
        super().__init__("worker", idle=idle)
        self._worked = worked
        self._inbox = inbox

    def _step(self) -> bool:
        try:
            return self._batch() > 0
        except HarnessError as error:
            # The database is away for a moment; leases keep what was taken.
            LOG.warning("the inbox cannot be worked off: %s", error)
            return False

    def _batch(self) -> int:
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
