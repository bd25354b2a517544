"""What a repeated Idempotency-Key must do, counted on the ledger."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.checks.paths import differences, exact, short
from harness.checks.registry import Observation, Subject, check
from harness.core import Evidence


@dataclass(frozen=True, slots=True)
class Repeats(Subject):
    """Requests with one key. `made` are the ids of objects that appeared in the list through them."""

    answers: tuple[Evidence, ...]
    statuses: tuple[int | None, ...]
    ids: tuple[str | None, ...]
    made: tuple[str, ...]
    wanted: int
    evidence: tuple[str, ...]
    bodies: tuple[Mapping[str, Any] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Reused(Subject):
    """A key used again after `first`; `allowed` are the statuses of the second answer."""

    first: Evidence
    second: Evidence
    status: int | None
    allowed: frozenset[int]
    why: str
    made: tuple[str, ...]
    wanted: int
    evidence: tuple[str, ...]
    same_error: bool = False


@check("idempotency.counted")
def counted(subject: Repeats) -> Iterator[Observation]:
    """Requests with one key make one object, whatever they answer: counted by listing. A payment that is booked twice
    is the most expensive bug there is. Source: [D:implementation-guides/making-idempotent-requests]."""
    if len(subject.made) != subject.wanted:
        yield Observation(f"{len(subject.answers)} requests made {len(subject.made)} objects",
                          f"{subject.wanted} in the list", f"{len(subject.made)}: {short(subject.made)}",
                          "Idempotency-Key", subject.evidence)  # fmt: skip


@check("idempotency.replay")
def replay(subject: Repeats) -> Iterator[Observation]:
    """The same key with the same body replays the stored answer: same status, same object. Source:
    [D:implementation-guides/making-idempotent-requests]."""
    ids = tuple(item.id for item in subject.answers)
    if len(set(subject.statuses)) > 1:
        yield Observation("a replay has another status", str(subject.statuses[0]), str(subject.statuses[1:]), None, ids)
    elif len(set(subject.ids)) > 1:
        yield Observation("a replay answers another object", short(subject.ids[0]), short(subject.ids[1:]), "id", ids)
    for other in subject.bodies[1:]:
        if subject.bodies[0] is None or other is None:
            continue
        for path, left, right in differences(subject.bodies[0], other):
            yield Observation(f"{path} differs in a replay", short(left), short(right), path, ids)
            return


@check("idempotency.other_body")
def other_body(subject: Reused) -> Iterator[Observation]:
    """The same key with another body is refused with 409 and does nothing. Source:
    [D:implementation-guides/making-idempotent-requests]."""
    yield from _reused(subject)


@check("idempotency.stored_error")
def stored_error(subject: Reused) -> Iterator[Observation]:
    """An accepted write that the platform refused is stored under its key: the same request gives the same error, and
    only a new key tries again. Source: [D:implementation-guides/making-idempotent-requests], trap 4."""
    yield from _reused(subject)


@check("idempotency.rejected")
def rejected(subject: Reused) -> Iterator[Observation]:
    """A key whose request was rejected by validation (no X-Rutter-Job-ID) may be used again, also with a corrected
    body. Source: [D:implementation-guides/making-idempotent-requests], trap 4."""
    yield from _reused(subject)


def _reused(subject: Reused) -> Iterator[Observation]:
    ids = (subject.first.id, subject.second.id)
    if subject.status not in subject.allowed:
        wanted = " or ".join(str(status) for status in sorted(subject.allowed))
        yield Observation(subject.why, wanted, f"{subject.status} {short(subject.second.body)}", "Idempotency-Key", ids)
    elif subject.same_error:
        for name in ("error_type", "error_code"):
            first, second = _said(subject.first, name), _said(subject.second, name)
            if first != second:
                yield Observation(f"a replayed error has another {name}", short(first), short(second), name, ids)
    if len(subject.made) != subject.wanted:
        yield Observation(f"{len(subject.made)} objects are in the list after a key was used twice",
                          f"{subject.wanted} object(s)", short(subject.made), "Idempotency-Key",
                          (*ids, *subject.evidence))  # fmt: skip


def _said(answer: Evidence, name: str) -> Any:
    return answer.body.get(name) if isinstance(answer.body, dict) else None


@dataclass(frozen=True, slots=True)
class Scope(Subject):
    """A key that a create was accepted under, used for something else: `what`. `first` is the create, `second` the
    other request with its end `status`. `done` says whether it was carried out, `ids` what both answered; `free` that
    the key is another one, so that 409 is wrong."""

    first: Evidence
    second: Evidence
    what: str
    status: int | None
    ids: tuple[str | None, str | None]
    done: bool
    free: bool


@check("idempotency.scope")
def scope(subject: Scope) -> Iterator[Observation]:
    """A key belongs to one request. Used for another connection, another operation or in other letters it is either
    free, and the request is carried out, or taken, and the request is refused with 409 (the scope is UNKNOWN); an
    answer with the stored result of the first request is wrong in any case: the write is lost, and a tenant sees
    another's object. Source: [D:implementation-guides/making-idempotent-requests]."""
    ids = (subject.first.id, subject.second.id)
    if subject.status == 409 and subject.free:
        yield Observation(f"a key of its own is taken for {subject.what}", "200", "409", "Idempotency-Key", ids)
    elif subject.status == 200 and not subject.done:
        why = f"a key answers {subject.what} with the result of another request"
        yield Observation(why, "409, or a result of its own", f"200 {short(subject.ids[1])}", "Idempotency-Key", ids)


@dataclass(frozen=True, slots=True)
class AppliedOnce(Subject):
    """Credits that were applied with one key several times, counted on what is due of the document."""

    answers: tuple[Evidence, ...]
    before: Any
    after: Any
    amount: Any
    evidence: tuple[str, ...]


@check("idempotency.applied_once")
def applied_once(subject: AppliedOnce) -> Iterator[Observation]:
    """Requests with one key are applied once, counted on the document they are applied to: what is due goes down by one
    amount, not by several. Source: [D:implementation-guides/making-idempotent-requests]."""
    before, after = exact(subject.before), exact(subject.after)
    wanted = None if before is None else before - subject.amount
    if wanted is not None and after != wanted:
        yield Observation(f"{len(subject.answers)} requests with one key are not applied once", f"amount_due {wanted}",
                          str(after), "Idempotency-Key", subject.evidence)  # fmt: skip
