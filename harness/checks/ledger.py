"""The books after a sequence of writes."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.checks.registry import Observation, Subject, check


@dataclass(frozen=True, slots=True)
class Played(Subject):
    """A sequence of steps that was played. `place` None: the books agreed after each of them."""

    steps: tuple[str, ...]
    place: str | None
    expected: str
    seen: str
    evidence: tuple[str, ...]


@check("ledger.agrees")
def agrees(subject: Played) -> Iterator[Observation]:
    """After every create, update, delete, payment, list, filter, repeated key and pair of writers at once, the books
    are what these steps make of them, and nothing else. Held against a model that knows only what the API answered."""
    if subject.place is not None:
        told = f"after {', '.join(subject.steps)}: {subject.place} is not as it must be"
        yield Observation(told, subject.expected, subject.seen, subject.place.partition(" ")[0], subject.evidence)
