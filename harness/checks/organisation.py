"""What the organisation's own endpoints answer: of documented form, about the right connection, told once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.checks.paths import MISSING, differences, first, short
from harness.checks.registry import Observation, Subject, check
from harness.contract import Contract, SchemaProblem
from harness.core import Evidence

LOOSE = frozenset({"connection.initial_orders_synced_count", "status.disabled_status.disabled_reason"})
"""Where real answers leave the specification: the first is null, the second the text 'null'. Source: [RTS], [S24]."""


@dataclass(frozen=True, slots=True)
class Shaped(Subject):
    """The answer of an endpoint outside the resources, and the schema of its body. `part` is what is held against it
    when that is not the whole body."""

    answer: Evidence
    contract: Contract
    schema: str
    part: Any = MISSING


@dataclass(frozen=True, slots=True)
class Named(Subject):
    """An answer that says which connection it is about: the values wanted at dotted paths, None for unknown ones."""

    answer: Evidence
    wanted: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listing(Subject):
    """`GET /connections` with a status (None: without), and the statuses that may be in it."""

    answer: Evidence
    status: str | None
    allowed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Twice(Subject):
    """A configuration as the list shows it, and as it is by its id."""

    listed: Mapping[str, Any]
    single: Any
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deletions(Subject):
    """Pages of `/events`. `resources` are the names that were asked for, empty for all; `least` the earliest instant
    (ISO 8601), None when none was asked."""

    pages: tuple[Evidence, ...]
    resources: frozenset[str]
    least: str | None


@check("config.schema")
def schema(subject: Shaped) -> Iterator[Observation]:
    """What the organisation's endpoints answer (connections, their status, webhooks, sync configuration, events) has
    the documented form: keys, types, closed lists. Source: [S24] response schemas; two loose spots of the community
    client are let pass, and so are new words in a list of words, of which a client takes those that it knows (trap
    34)."""
    body = subject.answer.body if subject.part is MISSING else subject.part
    if subject.answer.status != 200:
        yield _told(subject.answer, f"{subject.answer.path} cannot be read", "200", str(subject.answer.status))
        return
    for problem in subject.contract.validator(subject.schema).problems(body):
        seen = first(body, problem.path) if isinstance(body, Mapping) else body
        if problem.path in LOOSE and seen in (None, "null"):
            continue
        if problem.keyword == "enum" and problem.path.endswith("[]") and _new_word(body, problem):
            continue
        yield _told(subject.answer, f"{subject.answer.path} leaves the contract at {problem.path or 'its top'}",
                    problem.message, short(seen), problem.path or None)  # fmt: skip
        return


def _new_word(body: Any, problem: SchemaProblem) -> bool:
    """Whether what is odd is a word of a list of words, in capitals like the others, and no other spelling of one that
    is there."""
    held: Any = body
    indexes = iter(problem.indexes)
    *parents, last = problem.path.split(".")
    for part in (*parents, last.removesuffix("[]")):
        held = held.get(part.removesuffix("[]")) if isinstance(held, Mapping) else None
        if part.endswith("[]") and isinstance(held, list):
            held = held[next(indexes)]
    if not isinstance(held, list):
        return False
    word, others = held[next(indexes)], [str(item) for item in held]
    spelled = [item.replace("_", "").casefold() for item in others]
    alone = isinstance(word, str) and spelled.count(word.replace("_", "").casefold()) == 1
    return alone and all(_WORD.fullmatch(item) for item in others)


_WORD = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@check("config.identity")
def identity(subject: Named) -> Iterator[Observation]:
    """What is asked with an access token is about the connection of that token, with its platform, enabled and without
    need of an update. Source: [S24] /connections/access_token, /connections/status."""
    body = subject.answer.body if isinstance(subject.answer.body, Mapping) else {}
    for path, wanted in subject.wanted.items():
        seen = first(body, path)
        if wanted is not None and seen != wanted:
            yield _told(subject.answer, f"{subject.answer.path} is about something else: {path}", short(wanted),
                        short(seen), path)  # fmt: skip


@check("config.status_filter")
def status_filter(subject: Listing) -> Iterator[Observation]:
    """`GET /connections?status=` holds connections of that status only; without it active, not_ready and unhealthy
    ones; each connection once. Source: [S24] /connections."""
    body = subject.answer.body
    rows = body.get("connections") if isinstance(body, Mapping) else None
    if subject.answer.status != 200 or not isinstance(rows, list):
        yield _told(subject.answer, "the connections cannot be read", "200 with connections",
                    str(subject.answer.status))  # fmt: skip
        return
    asked = f"status={subject.status}" if subject.status else "no status"
    found = [row for row in rows if isinstance(row, Mapping)]
    other = [row.get("status") for row in found if row.get("status") not in subject.allowed]
    if other:
        yield _told(subject.answer, f"GET /connections with {asked} holds others", ", ".join(sorted(subject.allowed)),
                    short(other[0]), "status")  # fmt: skip
    ids = [row.get("id") for row in found]
    twice = [id for id in ids if ids.count(id) > 1]
    if twice:
        yield _told(subject.answer, "a connection is listed twice", "each once", short(twice[0]), "id")


@check("config.same_by_id")
def same_by_id(subject: Twice) -> Iterator[Observation]:
    """A configuration is the same in the list and by its id. Source: [S24] /configs/webhooks."""
    for path, left, right in differences(subject.listed, subject.single):
        yield Observation(f"{path or 'the configuration'} differs between list and id", short(left), short(right),
                          path or None, subject.ids)  # fmt: skip
        return


@check("config.events")
def events(subject: Deletions) -> Iterator[Observation]:
    """`/events` tells of deleted objects, each once, of the resources and from the instant that were asked for; a
    platform without events has an empty array. Source: [S24] /events, [D:rest/2023-03-14/events]."""
    seen: set[Any] = set()
    for page, event in _events(subject.pages):
        name, moment = event.get("resource"), event.get("last_synced_at")
        if event.get("type") != "object_deleted":
            yield _told(page, "an event is no deletion", "object_deleted", short(event.get("type")), "type")
        elif subject.resources and name not in subject.resources:
            yield _told(page, "an event is of another resource", ", ".join(subject.resources), short(name), "resource")
        elif subject.least is not None and isinstance(moment, str) and moment < subject.least:
            yield _told(page, "an event is older than asked for", subject.least, moment, "last_synced_at")
        elif event.get("id") in seen:
            yield _told(page, "an event comes twice", "each once", short(event.get("id")), "id")
        else:
            seen.add(event.get("id"))
            continue
        return


def _events(pages: Sequence[Evidence]) -> Iterator[tuple[Evidence, Mapping[str, Any]]]:
    for page in pages:
        found = page.body.get("events") if isinstance(page.body, Mapping) else None
        for event in found if isinstance(found, list) else ():
            if isinstance(event, Mapping):
                yield page, event


def tells_of(pages: Sequence[Evidence], id: str) -> bool:
    """Whether an event is about the object of that id: its own id, or that of its data."""
    return any(id in {event.get("id"), first(event, "data.id")} for _, event in _events(pages))


def _told(answer: Evidence, message: str, expected: str, seen: str, path: str | None = None) -> Observation:
    return Observation(message, expected, seen, path, (answer.id,))
