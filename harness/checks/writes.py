"""What a write must answer, and what must be read after it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.checks.echo import missing_of
from harness.checks.paths import MISSING, differences, short
from harness.checks.registry import Observation, Subject, check
from harness.contract import Resource
from harness.core import Evidence


@dataclass(frozen=True, slots=True)
class Written(Subject):
    """One write with its end. `status` is the write's own or its job's; `entity` the object in it, None when there is
    none. `sent` is the inner body; `narrow` leaves only these top-level inputs to be compared."""

    described: Resource
    operation: str
    sent: Mapping[str, Any]
    status: int | None
    body: Any
    entity: Mapping[str, Any] | None
    answer: Evidence
    key: str | None
    """The wrapper key of the answer; None where it is bare."""


@dataclass(frozen=True, slots=True)
class Held(Subject):
    """What was sent, and the object as it is seen afterwards. `seen` None: it was not found."""

    described: Resource
    sent: Mapping[str, Any]
    seen: Mapping[str, Any] | None
    where: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untouched(Subject):
    """An object before and after an update. `touched` are the top-level fields that the update may change."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    touched: frozenset[str]
    where: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedWrite(Subject):
    """A write that must be refused. `field` is what is wrong with it; `made` are the ids of objects that look like it
    and were not there before. `own` says that the API's own validation refuses it: 400 without a job id."""

    answer: Evidence
    status: int | None
    field: str | None
    reason: str
    made: tuple[str, ...]
    evidence: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Removed(Subject):
    """A delete with what was read afterwards. `listed` says whether the list still holds the object."""

    described: Resource
    id: str
    status: int | None
    body: Any
    answer: Evidence
    again_status: int | None
    again_body: Any
    again: Evidence
    read: Evidence | None
    listed: bool | None
    list_evidence: tuple[str, ...]
    lost: tuple[str, ...] = ()
    """Ids of other objects that the list held before the delete and no longer holds."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """(resource, id) of objects of another list that could be read before the delete and are gone after it."""


@dataclass(frozen=True, slots=True)
class Mode(Subject):
    """A create that named the mode `prefer_sync`; the same create without a mode was taken when it was refused."""

    answer: Evidence
    status: int | None


@check("writes.accepted")
def accepted(subject: Written) -> Iterator[Observation]:
    """A write that the platform takes answers 200 with the object in its wrapper, and the object has an id. Source:
    [S24] responses of writes."""
    ids = (subject.answer.id,)
    if subject.status != 200:
        told = subject.body.get("error_message") if isinstance(subject.body, dict) else None
        yield Observation(
            f"a valid {subject.operation} is refused", "200", f"{subject.status} {short(told or subject.body, 200)}",
            _blamed(subject, told), ids,
        )  # fmt: skip
        return
    if subject.key is not None and not (isinstance(subject.body, dict) and subject.key in subject.body):
        yield Observation(f"the {subject.operation} answers without its wrapper", subject.key, short(subject.body),
                          subject.key, ids)  # fmt: skip
    elif subject.entity is not None and subject.entity.get("success") is False:
        yield Observation(f"a {subject.operation} that is accepted says that it failed", "success true",
                          short(subject.entity), "success", ids)  # fmt: skip
    elif subject.described.has("get") and not (subject.entity and isinstance(subject.entity.get("id"), str)):
        yield Observation(f"the {subject.operation} answers no id", "an object with an id", short(subject.entity), "id",
                          ids)  # fmt: skip


def _blamed(subject: Written, told: Any) -> str | None:
    """The input that an error message names, when it names exactly one."""
    known = [name for name in subject.described.create_fields if "." not in name]
    words = set(re.findall(r"[a-z_]+", told)) if isinstance(told, str) else set()
    named = [name for name in dict.fromkeys((*subject.sent, *known)) if name in words]
    return named[0] if len(named) == 1 else None


@check("writes.envelope")
def envelope(subject: Written) -> Iterator[Observation]:
    """Answers to writes do not carry `connection`; reads do, and those few writes whose answer the contract types
    with it. Source: [S24] write responses, trap 39."""
    body = subject.answer.body
    operation = subject.described.operations.get(subject.operation)
    if operation is not None and operation.carries_connection:
        return
    if subject.status == 200 and isinstance(body, dict) and "connection" in body:
        yield Observation("the answer to a write carries connection", "no connection", short(body["connection"]),
                          "connection", (subject.answer.id,))  # fmt: skip


@check("writes.accepted_mark")
def accepted_mark(subject: Written) -> Iterator[Observation]:
    """An accepted POST or PATCH carries `X-Rutter-Job-ID`: it says that the idempotency key is now bound. Source:
    [D:implementation-guides/making-idempotent-requests]."""
    if subject.status == 200 and not subject.answer.job_id:
        yield Observation("an accepted write has no X-Rutter-Job-ID", "X-Rutter-Job-ID", "no such header",
                          "X-Rutter-Job-ID", (subject.answer.id,))  # fmt: skip


@check("writes.echo")
def echo(subject: Written) -> Iterator[Observation]:
    """The answer of a write holds what was sent: amounts exact, days kept, texts unchanged, lines in order. Source:
    [S24], INFERRED that readable inputs come back."""
    if subject.status == 200 and subject.entity is not None and subject.platform is not None:
        for path, sent, seen in missing_of(subject.described, subject.platform, subject.sent, subject.entity):
            yield Observation(f"{path} is not in the answer as it was sent", short(sent), short(seen), path,
                              (subject.answer.id,))  # fmt: skip


@check("roundtrip.found")
def found(subject: Held) -> Iterator[Observation]:
    """What was written can be read: by id, and in the list. Source: read your write,
    [D:configuring-platform-data-sync]."""
    if subject.seen is None:
        yield Observation(
            f"what was written is not in {subject.where}", "the object", "nothing", None, subject.evidence
        )


@check("roundtrip.persisted")
def persisted(subject: Held) -> Iterator[Observation]:
    """What was sent is what is read afterwards, in every field: a write that answers well and stores less loses data
    without a sign."""
    if subject.seen is None or subject.platform is None:
        return
    for path, sent, seen in missing_of(subject.described, subject.platform, subject.sent, subject.seen):
        yield Observation(f"{path} is not in {subject.where} as it was sent", short(sent), short(seen), path,
                          subject.evidence)  # fmt: skip


@check("roundtrip.untouched")
def untouched(subject: Untouched) -> Iterator[Observation]:
    """A PATCH changes what it names and nothing else. Source: [S24], PATCH is partial."""
    told: set[str] = set()
    for path, before, after in differences(subject.before, subject.after):
        top = path.partition(".")[0].removesuffix("[]")
        if top in subject.touched or path in told:
            continue
        told.add(path)
        yield Observation(f"{path} changed in {subject.where} though the update does not name it", short(before),
                          short(after), path, subject.evidence)  # fmt: skip


@check("roundtrip.updated_at")
def updated_at(subject: Untouched) -> Iterator[Observation]:
    """`updated_at` moves forward with an update: consumers that ask for changes since a moment would miss it. Source:
    [S24] updated_at_min; null is tolerated, as the field is nullable on some platforms."""
    for name in ("updated_at", "last_synced_at"):
        before, after = subject.before.get(name), subject.after.get(name)
        if isinstance(before, str) and (not isinstance(after, str) or after <= before):
            yield Observation(f"{name} does not move with an update", f"later than {before}", short(after), name,
                              subject.evidence)  # fmt: skip


@check("writes.refused")
def refused(subject: RefusedWrite) -> Iterator[Observation]:
    """A write that cannot be done is refused with a 4xx; by the API's own validation with 400. Source:
    [D:rest/2023-03-14/errors]."""
    status = subject.status
    wanted = "400" if subject.own else "a 4xx of the errors table"
    fine = status == 400 if subject.own else status is not None and 400 <= status < 500 and status not in {401, 429}
    if not fine:
        yield Observation(f"a write {subject.reason} is not refused as documented", wanted, str(status), subject.field,
                          (subject.answer.id,))  # fmt: skip


@check("writes.refused_mark")
def refused_mark(subject: RefusedWrite) -> Iterator[Observation]:
    """A write that the API's own validation rejects carries no `X-Rutter-Job-ID`: its key may be used again. Source:
    [D:implementation-guides/making-idempotent-requests]."""
    if subject.own and subject.answer.status != 200 and subject.answer.job_id:
        yield Observation("a rejected write carries X-Rutter-Job-ID", "no X-Rutter-Job-ID", "the header is there",
                          "X-Rutter-Job-ID", (subject.answer.id,))  # fmt: skip


@check("writes.created_nothing")
def created_nothing(subject: RefusedWrite) -> Iterator[Observation]:
    """A refused write leaves nothing behind: counted by listing, not by believing the answer."""
    if subject.made and subject.status != 200:
        yield Observation(f"a write {subject.reason} was refused and yet {len(subject.made)} object(s) appeared",
                          "no new object", short(subject.made[0]), subject.field, subject.evidence)  # fmt: skip


@check("roundtrip.prefer_sync")
def prefer_sync(subject: Mode) -> Iterator[Observation]:
    """`response_mode: prefer_sync`, which is the default, changes nothing: a create that is taken without it is taken
    with it. Source: [S24] response_mode."""
    if subject.status is not None and 400 <= subject.status < 500:
        yield Observation("a create that names the default response_mode is refused", "200",
                          f"{subject.status} {short(subject.answer.body)}", "response_mode",
                          (subject.answer.id,))  # fmt: skip


NAMED = {"products": "product", "product_variants": "variantId"}
"""Where the answer of a DELETE names the object. Source: [S24] DeleteProductResponse, DeleteVariantResponse."""


@check("roundtrip.deleted")
def deleted(subject: Removed) -> Iterator[Observation]:
    """DELETE answers 200 with `{code: "deleted", success: true}`, that of a product with its id, and after it the
    object is gone: 410 or 404 by id (or a not-found body), absent from the list; a second DELETE says `not_found`.
    Source: [S24], trap 23."""
    body, ids = subject.body, (subject.answer.id,)
    bare = subject.described.domain == "commerce"
    code = body.get("code") if isinstance(body, dict) else MISSING
    success = body.get("success") if isinstance(body, dict) else MISSING
    if subject.status != 200 or success is not True or (not bare and code != "deleted"):
        yield Observation("a delete does not answer as documented", '200 {"code": "deleted", "success": true}',
                          f"{subject.status} {short(body)}", "code", ids)  # fmt: skip
        return
    named = body.get(NAMED[subject.described.name]) if subject.described.name in NAMED else subject.id
    if named != subject.id:
        yield Observation("a delete names another object", short(subject.id), short(named),
                          NAMED[subject.described.name], ids)  # fmt: skip
    if subject.read is not None and subject.read.status not in {404, 410}:
        yield Observation("a deleted object can still be read", "410 or 404", str(subject.read.status), "id",
                          (*ids, subject.read.id))  # fmt: skip
    if subject.listed:
        yield Observation("a deleted object is still in the list", "absent", "listed", "id",
                          (*ids, *subject.list_evidence))  # fmt: skip
    if subject.lost:
        yield Observation("a delete takes other objects with it", "only the object itself is gone",
                          short(subject.lost[0]), "id", (*ids, *subject.list_evidence))  # fmt: skip
    for resource, id in subject.elsewhere[:1]:
        yield Observation(f"a delete takes objects of {resource} with it", "only the object itself is gone", short(id),
                          "id", ids)  # fmt: skip
    again = subject.again_body.get("code") if isinstance(subject.again_body, dict) else MISSING
    if not bare and (subject.again_status != 200 or again != "not_found"):
        yield Observation("deleting again does not answer as documented", '200 {"code": "not_found"}',
                          f"{subject.again_status} {short(subject.again_body)}", "code",
                          (subject.again.id,))  # fmt: skip
