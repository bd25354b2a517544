"""Threads that fulfil wishes, and the one that makes them by the clock: polling beside webhooks. Source: step 5."""

import logging
import threading
from collections.abc import Callable, Sequence

from harness.backend.connections import CALLABLE, Connections
from harness.backend.gateway import Paused
from harness.backend.meaning import CONNECTION, EVERYTHING, WHOLE
from harness.backend.rests import Later, Lost
from harness.backend.syncing import Reader
from harness.backend.wishes import Wishes
from harness.backend.woken import Woken
from harness.errors import HarnessError

LOG = logging.getLogger("golive.backend.sync")
AFTER_ERROR = 10.0


class Syncer(Woken):
    """Fulfils wishes. `reader` makes what reads, in the thread that will use it."""

    def __init__(self, wishes: Wishes, reader: Callable[[str], Reader], *, idle: float) -> None:
        super().__init__("sync", idle=idle)
        self._wishes = wishes
        self._make = reader

    def _run(self) -> None:
        self._reader = self._make(self.name)
        try:
            super()._run()
        finally:
            self._reader.gateway.close()

    def _step(self) -> bool:
        try:
            wish = self._wishes.take(self.name)
            if wish is None:
                return False
            try:
                self._reader.fulfil(wish)
            except (Paused, Later) as rest:
                self._wishes.postpone(self.name, wish, rest.seconds)
            except Lost:
                return True
            except Exception as error:  # noqa: BLE001 - one wish must not end the thread; it is told and tried again
                LOG.warning("%s of a connection failed: %s", wish.what, type(error).__name__)
                self._wishes.postpone(self.name, wish, AFTER_ERROR)
        except HarnessError as error:
            LOG.warning("wishes cannot be read: %s", error)
            return False
        return True


class Poller:
    """Wishes by the clock: everything every `poll` seconds, whole walks every `reconcile` seconds. `tidy` is called
    with each poll."""

    def __init__(
        self, connections: Connections, wishes: Wishes, resources: Sequence[str], *, poll: float, reconcile: float,
        tidy: Callable[[], object],
    ) -> None:  # fmt: skip
        self._connections = connections
        self._wishes = wishes
        self._resources = resources
        self._tidy = tidy
        self._poll = poll
        self._every = max(1, round(reconcile / poll))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        turn = 0
        while not self._stopping.wait(self._poll):
            turn += 1
            try:
                self._tidy()
                for view in self._connections.all():
                    wanted = [CONNECTION]
                    if view.state in CALLABLE:
                        wanted.append(EVERYTHING)
                        wanted += [f"{WHOLE}{name}" for name in self._resources] if turn % self._every == 0 else []
                    self._wishes.add(view.id, *wanted)
            except HarnessError as error:
                LOG.warning("polling could not begin: %s", error)
