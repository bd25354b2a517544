"""A thread that works while there is work, and rests until it is woken."""

import threading
import uuid
from abc import ABC, abstractmethod


class Woken(ABC):
    """Steps in a thread of its own, again and again while a step finds something to do; then it rests until `wake`, or
    for `idle` seconds, because other processes make work as well."""

    def __init__(self, kind: str, *, idle: float) -> None:
        self.name = f"{kind}-{uuid.uuid4().hex[:12]}"
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
        """End after the step under way; return after a minute in any case."""
        self._stopping.set()
        self._work.set()
        self._thread.join(timeout=60)

    @abstractmethod
    def _step(self) -> bool:
        """Do one piece of work; False when there is none or it cannot be done now."""

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._work.clear()
            if not self._step():
                self._work.wait(self._idle)
