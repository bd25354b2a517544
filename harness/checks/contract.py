"""Answers to requests that were made from the contract. What the contract alone says never votes: fields appear and
statuses are added without a new version. A server error votes, through `hygiene.server_error`."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.checks.paths import short
from harness.checks.registry import Observation, Subject, check
from harness.core import Evidence, Severity


@dataclass(frozen=True, slots=True)
class Generated(Subject):
    """An answer to a generated request. `problems` are places where a 200 leaves its schema; `fits` says whether the
    request, as it was sent, fits the contract."""

    answer: Evidence
    operation: str
    fits: bool
    problems: tuple[tuple[str, str], ...]


@check("contract.answer", severity=Severity.ADVISORY)
def answer(subject: Generated) -> Iterator[Observation]:
    """A 200 to a request that the contract allows has the shape that the contract says. Source: [S24]."""
    for path, message in subject.problems[:3]:
        told = f"the answer of {subject.operation} leaves the contract"
        yield Observation(told, "the schema of the contract", message, path or None, (subject.answer.id,))


@check("contract.refusal", severity=Severity.ADVISORY)
def refusal(subject: Generated) -> Iterator[Observation]:
    """A request that leaves the contract is refused with a 4xx: who accepts it hides a typing error of the client.
    INFERRED: the contract does not say what a wrong request is answered."""
    if not subject.fits and subject.answer.status == 200:
        sent = short(subject.answer.request_json if subject.answer.request_json is not None else subject.answer.query)
        yield Observation(f"{subject.operation} accepts what the contract does not allow", "a 4xx", f"200 to {sent}",
                          None, (subject.answer.id,))  # fmt: skip


@check("contract.acceptance", severity=Severity.ADVISORY)
def acceptance(subject: Generated) -> Iterator[Observation]:
    """A read that the contract allows is answered 200, or 404 and 410 for ids that do not exist. INFERRED: values of
    `filter` and `sort` have a grammar that the contract does not state."""
    if subject.fits and subject.answer.status not in {200, 400, 404, 410}:
        told = f"{subject.operation} refuses what the contract allows"
        yield Observation(told, "200", str(subject.answer.status), None, (subject.answer.id,))
