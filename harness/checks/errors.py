"""Requests that must fail, and how."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.checks.paths import short
from harness.checks.registry import Observation, Subject, check
from harness.core import Evidence


@dataclass(frozen=True, slots=True)
class Failing(Subject):
    """A request that must fail. `allowed` are the statuses that say so; `codes` the documented error codes, empty when
    none is known. `why` completes "a request ..."."""

    answer: Evidence
    why: str
    allowed: frozenset[int]
    codes: frozenset[str]
    secret_ids: frozenset[str] = frozenset()
    """Ids of another tenant's objects that must not be in the answer."""


@dataclass(frozen=True, slots=True)
class Tenants(Subject):
    """A write of another tenant's object with its end: `status` and `body` are its own or its job's. `changed` are the
    fields that its owner then reads otherwise."""

    status: int | None
    body: Any
    changed: tuple[str, ...]
    evidence: tuple[str, ...]


def failing(subject: Failing) -> Iterator[Observation]:
    """What is wrong with the answer to a request that must fail: its status, or its error code."""
    answer = subject.answer
    wanted = " or ".join(str(status) for status in sorted(subject.allowed))
    if answer.status not in subject.allowed:
        yield Observation(f"a request {subject.why} does not fail as documented", wanted,
                          f"{answer.status} {short(answer.body)}", None, (answer.id,))  # fmt: skip
        return
    code = answer.body.get("error_code") if isinstance(answer.body, dict) else None
    if subject.codes and code not in subject.codes:
        yield Observation(f"a request {subject.why} has another error_code", " or ".join(sorted(subject.codes)),
                          short(code), "error_code", (answer.id,))  # fmt: skip


@check("errors.auth")
def auth(subject: Failing) -> Iterator[Observation]:
    """Wrong or missing credentials, and a wrong access token, are answered 401 with CONNECTION_ERROR and
    INVALID_CREDENTIALS. Source: [D:rest/2023-03-14/errors]."""
    yield from failing(subject)
    body = subject.answer.body
    kind = body.get("error_type") if isinstance(body, dict) else None
    if subject.answer.status in subject.allowed and isinstance(kind, str) and kind != CONNECTION_ERROR:
        yield Observation(f"a request {subject.why} has another error_type", CONNECTION_ERROR, short(kind),
                          "error_type", (subject.answer.id,))  # fmt: skip


CONNECTION_ERROR = "CONNECTION_ERROR"
"""The family of what concerns credentials and connections. Source: [D:rest/2023-03-14/errors]."""


@check("errors.missing")
def missing(subject: Failing) -> Iterator[Observation]:
    """A request without its access token or its version header is refused with a 4xx. Which one is UNKNOWN."""
    yield from failing(subject)


@check("errors.not_found")
def not_found(subject: Failing) -> Iterator[Observation]:
    """An unknown id is answered 410, or 404 on endpoints that have not moved yet. Source:
    [D:rest/2023-03-14/errors]."""
    yield from failing(subject)


@check("errors.unsupported")
def unsupported(subject: Failing) -> Iterator[Observation]:
    """An endpoint that the connection's platform does not support answers 404. Which platforms those are is known for
    version 2023-03-14 only. Source: [D:rest/2023-03-14/errors], [S23] x-supported-platforms."""
    yield from failing(subject)


@check("errors.malformed")
def malformed(subject: Failing) -> Iterator[Observation]:
    """A body that is not JSON, or an input that is not understood, is refused with 400. Source:
    [D:rest/2023-03-14/errors]."""
    yield from failing(subject)


@check("errors.isolation")
def isolation(subject: Failing) -> Iterator[Observation]:
    """An object cannot be read with the access token of another connection: 410 or 404, and nothing of it is in the
    answer. A leak between tenants ends a product. Source: [S23] access_token is unique per connection."""
    yield from failing(subject)
    text = short(subject.answer.body, 100_000)
    leaked = [id for id in subject.secret_ids if id in text and subject.answer.status == 200]
    if leaked:
        yield Observation("another tenant's object is in the answer", "nothing of it", short(leaked[0]), "id",
                          (subject.answer.id,))  # fmt: skip


@check("errors.write_isolation")
def write_isolation(subject: Tenants) -> Iterator[Observation]:
    """An object cannot be changed with the access token of another connection."""
    body = subject.body
    # What a DELETE of a missing object says; of products only `success` is known, and not which. Source: [S24].
    nothing = isinstance(body, dict) and (body.get("code") == "not_found" or ("success" in body and "code" not in body))
    if (subject.status == 200 and not nothing) or subject.changed:
        what = f"changed {', '.join(subject.changed)}" if subject.changed else "answered 200"
        yield Observation("another tenant's token writes", "404 or 410 and no change", what,
                          subject.changed[0] if subject.changed else None, subject.evidence)  # fmt: skip


@check("errors.foreign_reference")
def foreign_reference(subject: Tenants) -> Iterator[Observation]:
    """An object cannot refer to one of another connection: its id is unknown there, and refused like any unknown id.
    Source: [S23] access_token is unique per connection, [D:rest/2023-03-14/errors]."""
    if subject.status is None or not 400 <= subject.status < 500:
        yield Observation("a create that refers to another tenant's objects is not refused", "a 4xx",
                          f"{subject.status} {short(subject.body)}", None, subject.evidence)  # fmt: skip
