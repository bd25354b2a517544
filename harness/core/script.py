"""What a run chooses by itself (ids, keys, names, the time), so that the same run can be played again.

A run is divided into groups (cases that share a world) and these into chapters (one case, or one reading that the
cases of a group share). What is chosen in a chapter depends on the seed and the chapter's name alone: not on the
worker, the number of workers, or what ran before.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol
from uuid import UUID, uuid4

from harness.core.clock import Clock, SystemClock


class Script(Protocol):
    """What a session asks before it chooses."""

    @property
    def clock(self) -> Clock:
        """The time of the run."""

    @property
    def in_order(self) -> bool:
        """Whether the same run must ask the same in the same order every time: readings are then shared within a
        group only, and what a case sends at once leaves one after the other."""

    def begin(self, group: str, chapter: str) -> bool:
        """A case begins; whether it is the first of its group."""

    def chapter(self, name: str) -> AbstractContextManager[None]:
        """A reading that the cases of this group share, inside a case."""

    def uuid(self) -> str:
        """A fresh version 4 uuid."""


class FreeScript:
    """Chance decides, and the machine's clock tells the time: the run cannot be played again."""

    in_order = False

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()

    def begin(self, group: str, chapter: str) -> bool:  # noqa: ARG002 - nothing depends on the place
        """Readings are shared by all cases of a worker, so no group is the first."""
        return False

    def chapter(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002 - as above
        """Nothing to note."""
        return nullcontext()

    def uuid(self) -> str:
        """A uuid that nobody can guess."""
        return str(uuid4())


class SeededScript:
    """`seed` decides. `turn(group, chapter)` is called whenever the place changes."""

    def __init__(self, seed: str, clock: Clock, turn: Callable[[str, str], None], *, in_order: bool = True) -> None:
        self.clock = clock
        self.in_order = in_order
        self._seed = seed
        self._turn = turn
        self._group = ""
        self._chapter = ""
        self._random = self._source("", "")

    def begin(self, group: str, chapter: str) -> bool:
        """Turn to the chapter of a case."""
        first, self._group = group != self._group, group
        self._go(chapter, self._source(group, chapter))
        return first

    @contextmanager
    def chapter(self, name: str) -> Iterator[None]:
        """Turn to a shared reading, and back."""
        before = self._chapter, self._random
        self._go(name, self._source(self._group, name))
        try:
            yield
        finally:
            self._go(*before)

    def uuid(self) -> str:
        """The next uuid of this chapter."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _go(self, chapter: str, source: random.Random) -> None:
        self._chapter, self._random = chapter, source
        self._turn(self._group, chapter)

    def _source(self, group: str, chapter: str) -> random.Random:
        return random.Random(f"{self._seed}:{group}:{chapter}")  # noqa: S311 - names of test data, no secrets
