"""From many requests at once to few commits: every request waits for the commit that holds its event."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.backend.meaning import Event

MOST = 512
"""Events of one commit."""


class Intake:
    """Collects events while a commit is under way and stores them with the next one. One thread writes."""

    def __init__(self, store: Callable[[Sequence[Event]], None], stored: Callable[[], None]) -> None:
        self._store = store
        self._stored = stored
        self._waiting: list[tuple[Event, asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")

    async def keep(self, event: Event) -> None:
        """Return once the event is on the disk; StorageError when the database refuses."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((event, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        await future

    def close(self) -> None:
        """End the writing thread."""
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            problem: Exception | None = None
            try:
                await loop.run_in_executor(self._thread, self._store, [event for event, _ in batch])
            except Exception as error:  # noqa: BLE001 - it ends in every request that waits for this commit
                problem = error
            for _, future in batch:
                if future.done():  # its request went away meanwhile
                    continue
                if problem is None:
                    future.set_result(None)
                else:
                    future.set_exception(problem)
            self._stored()
        self._running = None
