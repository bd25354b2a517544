"""Parts of an object that have addresses of their own: variants of a product, parcels of an order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.checks.paths import exact, short
from harness.checks.registry import Observation, Subject, check


@dataclass(frozen=True, slots=True)
class Part(Subject):
    """A part that was made, changed or deleted (`operation`), and the object that holds it, read afterwards.

    `word` says what it is, `key` where the object holds its parts; `status` is how the write ended; `id` the part's as
    its answer tells it, None when it tells none; `sent` what has to be seen in it; `parts` are those that the object
    shows, None when it could not be read; `others` are ids of parts that have to stay.
    """

    word: str
    key: str
    operation: str
    status: int | None
    told: Any
    id: str | None
    sent: Mapping[str, Any]
    parts: tuple[Mapping[str, Any], ...] | None
    others: frozenset[str]
    evidence: tuple[str, ...]


@check("roundtrip.part")
def part(subject: Part) -> Iterator[Observation]:
    """A variant that is added to a product is answered and read in the product as it was sent, an update of it too, and
    after a delete it is gone; a fulfillment is read in its order. The other parts stay. Source: [S24] Product.variants,
    Order.fulfillments and their operations; read your write, [D:configuring-platform-data-sync]."""
    if subject.status != 200:
        yield Observation(f"a {subject.word} cannot be {subject.operation}d", "200",
                          f"{subject.status} {short(subject.told)}", subject.key, subject.evidence[:1])  # fmt: skip
        return
    if subject.id is None:
        yield Observation(f"the {subject.operation} of a {subject.word} does not name it", f"a {subject.word} with id",
                          short(subject.told), subject.key, subject.evidence[:1])  # fmt: skip
        return
    answered = subject.told.get(subject.word) if isinstance(subject.told, dict) else None
    if subject.operation != "delete" and isinstance(answered, dict):
        yield from _differing(subject, answered, "the answer")
    if subject.parts is None:
        return
    shown = {str(item.get("id")): item for item in subject.parts}
    seen = shown.get(subject.id)
    if subject.operation == "delete":
        if seen is not None:
            yield Observation(f"a deleted {subject.word} is still there", "absent", short(subject.id), subject.key,
                              subject.evidence)  # fmt: skip
    elif seen is None:
        yield Observation(f"a {subject.word} is not there after its {subject.operation}", short(subject.id),
                          short(list(shown)), subject.key, subject.evidence)  # fmt: skip
    else:
        yield from _differing(subject, seen, "what holds it")
    lost = sorted(subject.others - shown.keys())
    if lost:
        yield Observation(f"the {subject.operation} of a {subject.word} takes others with it", short(lost[0]),
                          short(list(shown)), subject.key, subject.evidence)  # fmt: skip


def _differing(subject: Part, seen: Mapping[str, Any], where: str) -> Iterator[Observation]:
    for name, value in subject.sent.items():
        if not _same(value, seen.get(name)):
            yield Observation(f"{name} of a {subject.word} is not as it was sent in {where}", short(value),
                              short(seen.get(name)), f"{subject.key}[].{name}", subject.evidence)  # fmt: skip


def _same(sent: Any, seen: Any) -> bool:
    """Whether a value is as it was sent: numbers by their worth, elements in any order."""
    if isinstance(sent, bool) or not isinstance(sent, int | float | list):
        return bool(sent == seen)
    if isinstance(sent, list):
        return isinstance(seen, list) and len(seen) == len(sent) and all(item in seen for item in sent)
    return isinstance(seen, int | float) and exact(seen) == exact(sent)
