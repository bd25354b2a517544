"""Credits that are applied and taken back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.checks.paths import exact, short
from harness.checks.registry import Observation, Subject, check


@dataclass(frozen=True, slots=True)
class Unapplied(Subject):
    """A document and a credit memo before the memo was applied to it, and after that was taken back. `status` and
    `success` are what the taking back was answered; `amounts` are (before, after) of the document's amount_due and of
    the memo's remaining_amount, by name; `links` the ids that the document lists as applied afterwards."""

    status: int | None
    success: Any
    memo: str
    amounts: Mapping[str, tuple[Any, Any]]
    states: tuple[Any, Any]
    links: tuple[Any, ...]
    back: str
    evidence: tuple[str, ...]


@check("roundtrip.unapplied")
def unapplied(subject: Unapplied) -> Iterator[Observation]:
    """A credit that is taken back (`/unapply`) is gone from its document: what is due, what is left of the credit and
    the document's status are what they were before it was applied. Source: [S24] unapply; INFERRED from bookkeeping
    that both sides are restored."""
    if subject.status != 200 or subject.success is not True:
        yield Observation("a credit that was applied cannot be taken back", "200 with success true",
                          f"{subject.status} with success {short(subject.success)}", "success",
                          subject.evidence)  # fmt: skip
        return
    for name, (before, after) in subject.amounts.items():
        wanted, seen = exact(before), exact(after)
        if wanted is not None and seen != wanted:
            yield Observation(f"{name} is not restored when a credit is taken back", _plain(wanted), _plain(seen), name,
                              subject.evidence)  # fmt: skip
    if subject.states[0] != subject.states[1]:
        yield Observation("the status is not restored when a credit is taken back", short(subject.states[0]),
                          short(subject.states[1]), "status", subject.evidence)  # fmt: skip
    if subject.memo in subject.links:
        yield Observation(f"{subject.back} still lists a credit that was taken back", "without it", short(subject.memo),
                          subject.back, subject.evidence)  # fmt: skip


def _plain(amount: Decimal | None) -> str:
    return "no amount" if amount is None else str(amount)
