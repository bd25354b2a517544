"""Writes of a transaction that wait until something is read or it ends, and the savepoints that they stand behind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _Level:
    """A transaction or a part of one. `start`: how many waiting writes stand before it; `opened`: whether what undoes
    it is in place, which is only needed once something of it was sent; `whole`: that is the transaction itself."""

    start: int
    opened: bool
    whole: bool


class Pending:
    """One per database. `execute(statement, values)` sends a statement."""

    def __init__(self, execute: Callable[[str, tuple[Any, ...]], Any]) -> None:
        self._execute = execute
        self.writes: list[tuple[str, tuple[Any, ...]]] = []
        self._levels: list[_Level] = []

    def enter(self, *, whole: bool = False) -> None:
        """One level more. `whole`: the transaction itself is rolled back when it fails, and `clear` is called."""
        self._levels.append(_Level(len(self.writes), whole, whole))

    def leave(self) -> None:
        """The innermost level is done: it has become a part of the one around it; what waits of the outermost one is
        sent."""
        level = self._levels.pop()
        if not self._levels:
            self._run(len(self.writes))
        if level.opened and not level.whole:
            self._execute(f"RELEASE level{len(self._levels)}", ())

    def undo(self) -> bool:
        """The innermost level has not happened; whether anything had been written in it."""
        level = self._levels.pop()
        wrote = level.opened or len(self.writes) > level.start
        del self.writes[level.start :]
        if level.opened:
            name = f"level{len(self._levels)}"
            self._execute(f"ROLLBACK TO {name}", ())
            self._execute(f"RELEASE {name}", ())
        return wrote

    def send(self) -> None:
        """Send what waits, each level behind its savepoint."""
        for number, level in enumerate(self._levels):
            if not level.opened:
                self._run(level.start)
                self._execute(f"SAVEPOINT level{number}", ())
                level.opened = True
            level.start = 0
        self._run(len(self.writes))

    def clear(self) -> None:
        """Forget everything: the transaction is over."""
        self.writes.clear()
        self._levels.clear()

    def _run(self, count: int) -> None:
        """Send the first writes; the levels that have not begun to be sent start that much earlier."""
        if not count:
            return
        due, self.writes = self.writes[:count], self.writes[count:]
        for level in self._levels:
            level.start = max(level.start - count, 0)
        for statement, values in due:
            self._execute(statement, values)
