"""What an integration backend mirrors, held against what the API lists: completeness, freshness, repair."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.checks.backend import ENOUGH, percentile
from harness.checks.registry import Observation, Subject, check

Rows = Mapping[str, Mapping[str, Any]]
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Mirrored(Subject):
    """Rows of one list by id: at the API, and in the backend once they are alike or after `seconds`; None when the
    backend does not answer. `fields` are the API's fields that are compared with the backend's names, None for whole
    rows; `after` says what happened before."""

    name: str
    api: Rows = field(repr=False)
    backend: Rows | None = field(repr=False)
    fields: Mapping[str, str] | None
    after: str
    seconds: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fresh(Subject):
    """Seconds from an edit in the platform's software until it showed; None for one that never did."""

    seconds: tuple[float | None, ...]
    allowed: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limited(Subject):
    """Requests that a backend sent to the API while each was answered 429, over so many seconds."""

    requests: int
    seconds: float
    calm: float
    evidence: tuple[str, ...]


def unlike(api: Rows, backend: Rows | None, fields: Mapping[str, str] | None) -> list[str]:
    """The ids of rows that one side lacks or that differ, sorted."""
    mirror = backend or {}

    def same(id: str) -> bool:
        left, right = api.get(id), mirror.get(id)
        if left is None or right is None:
            return False
        if fields is None:
            return left == right
        return all(left.get(name) == right.get(theirs) for name, theirs in fields.items())

    return sorted(id for id in {*api, *mirror} if not same(id))


@check("backend.arrives")
def arrives(subject: Mirrored) -> Iterator[Observation]:
    """What the API has of a new connection is in the backend, row by row, once the initial sync is over. Source:
    implementation checklist step 5, data pipeline."""
    yield from _same(subject)


@check("backend.deleted")
def deleted(subject: Mirrored) -> Iterator[Observation]:
    """What is deleted on the platform is gone from the backend, and nothing else. Source:
    [D:implementation-guides/monitoring-deleted-objects]."""
    yield from _same(subject)


@check("backend.order")
def order(subject: Mirrored) -> Iterator[Observation]:
    """Webhooks that come twice and in another order leave the backend with what the API says now: an event is a hint to
    read again, its content may be old. Source: [D:implementation-guides/webhooks]."""
    yield from _same(subject)


@check("backend.polled")
def polled(subject: Mirrored) -> Iterator[Observation]:
    """Changes and deletions whose webhooks never came are repaired by polling. Source: implementation checklist step 5,
    "we don't recommend solely rely on webhooks"."""
    yield from _same(subject)


@check("backend.recovers")
def recovers(subject: Mirrored) -> Iterator[Observation]:
    """After the API was away, limited, or refused a connection until it was re-authenticated, the backend catches up by
    itself. Source: implementation checklist step 5, mitigate errors."""
    yield from _same(subject)


@check("backend.backfilled")
def backfilled(subject: Mirrored) -> Iterator[Observation]:
    """History that a backfill brings is in the backend, and so is an edit made meanwhile: it has a new `last_synced_at`
    and an old `updated_at`. Source: [S24] /connections/backfill, [D:implementation-guides/syncing-rutter-data]."""
    yield from _same(subject)


@check("backend.fresh")
def fresh(subject: Fresh) -> Iterator[Observation]:
    """An edit in the platform's software shows in the backend, on a live target in the API's answers: each one, and 95
    of 100 within the time that is allowed. Source: implementation checklist step 4, "editing something in the target
    platform's software"."""
    shown = [passed for passed in subject.seconds if passed is not None]
    if len(shown) < len(subject.seconds):
        yield Observation(f"{len(subject.seconds) - len(shown)} of {len(subject.seconds)} edits never showed",
                          "every edit shows", spread(shown), None, subject.evidence)  # fmt: skip
    elif percentile(shown, ENOUGH) > subject.allowed:
        yield Observation("edits show late", f"95 of 100 within {subject.allowed:g} s", spread(shown), None,
                          subject.evidence)  # fmt: skip


@check("backend.paused")
def paused(subject: Limited) -> Iterator[Observation]:
    """While the API answers 429, the backend waits instead of asking on: the limit is that of the whole organisation.
    Source: [H:7238576299]."""
    rate = subject.requests / subject.seconds if subject.seconds else 0.0
    if rate > subject.calm:
        seen = f"{subject.requests} requests in {subject.seconds:.1f} s"
        yield Observation("the backend goes on asking while every answer is a 429",
                          f"at most {subject.calm:g} a second", seen, None, subject.evidence)  # fmt: skip


def spread(seconds: Sequence[float]) -> str:
    """A distribution in one line."""
    if not seconds:
        return "none"
    marks = ((0.5, "p50"), (ENOUGH, "p95"), (1.0, "max"))
    told = ", ".join(f"{name} {percentile(seconds, share):.3f} s" for share, name in marks)
    return f"{len(seconds)} edits: {told}"


def _same(subject: Mirrored) -> Iterator[Observation]:
    wrong = unlike(subject.api, subject.backend, subject.fields)
    if subject.backend is None:
        yield Observation(f"the backend does not show {subject.name} {subject.after}", "its rows", "no list", None,
                          subject.evidence)  # fmt: skip
    elif wrong:
        lost = [id for id in wrong if id not in subject.backend]
        extra = [id for id in wrong if id not in subject.api]
        told = f"{len(lost)} missing, {len(extra)} too many, {len(wrong) - len(lost) - len(extra)} different"
        yield Observation(f"{subject.name} of the backend are not those of the API {subject.after}, after "
                          f"{subject.seconds:.1f} s", f"the {len(subject.api)} rows of the API",
                          f"{told}, such as {', '.join(wrong[:MOST_NAMED])}", None, subject.evidence)  # fmt: skip
