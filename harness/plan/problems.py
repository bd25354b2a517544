"""What is wrong with a file: collected while reading, then told all at once with file:line."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import PlanError

Place = tuple[str | int, ...]
"""The way from the top of a file to a node: keys and list indexes."""

MOST_ALLOWED = 24


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to change in a file. `line` is 1-based."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def raise_all(problems: Iterable[Problem]) -> None:
    """Raise one PlanError that lists every problem in the order of the lines; nothing happens when there is none."""
    told = sorted(set(problems))
    if len(told) == 1:
        raise PlanError(told[0].message, path=told[0].path, line=told[0].line)
    if told:
        raise PlanError("\n".join(str(problem) for problem in told))


def shown(path: Path) -> str:
    """A path as messages name it: relative to the working directory when it is below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def nearest(word: str, allowed: Iterable[object]) -> str:
    """`. Did you mean "required"? Allowed: fill, nullable, required`: the nearest right word and, when they are few,
    all that are right."""
    names = sorted({str(name) for name in allowed})
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6) or _same_end(word, names)
    told = f'. Did you mean "{near[0]}"?' if near else "."
    if not names:
        return f"{told} Nothing is allowed here"
    if len(names) <= MOST_ALLOWED:
        return f"{told} Allowed: {', '.join(names)}"
    return told if near else f"{told} Allowed: {', '.join(names[:MOST_ALLOWED])} and {len(names) - MOST_ALLOWED} more"


def _same_end(word: str, names: Sequence[str]) -> list[str]:
    """`account_id` for `line_items[].account_id`: the path was cut short."""
    return [name for name in names if name.endswith(f".{word}")][:1]
