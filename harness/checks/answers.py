"""What every answer to a read must be: in its envelope, of its connection, the same object wherever it is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.checks.paths import MISSING, differences, short
from harness.checks.registry import Observation, Subject, check
from harness.core import Evidence


@dataclass(frozen=True, slots=True)
class Answer(Subject):
    """Answers of one kind: pages of a list, or single objects. `key` is the wrapper key, `types` the JSON types that
    may stand under it; `connection_id` what `/connections` says, None when unknown; `org_id` what other reads of the
    connection say, None when there was none; `named` whether the contract has `connection` in the answer at all."""

    evidence: tuple[Evidence, ...]
    key: str
    connection_id: str | None
    types: frozenset[str]
    org_id: str | None = None
    named: bool = True


@dataclass(frozen=True, slots=True)
class Pair(Subject):
    """One object seen twice. `ignored` are top-level fields that may differ."""

    left: Mapping[str, Any]
    right: Mapping[str, Any]
    left_name: str
    right_name: str
    ids: tuple[str, ...]
    ignored: frozenset[str] = field(default_factory=frozenset)


_JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {"array": list, "object": dict, "null": type(None)}


@check("fields.envelope")
def envelope(subject: Answer) -> Iterator[Observation]:
    """An answer is a 200 with the documented wrapper: the resource's key with an array of objects (lists) or an object
    (single objects), and `next_cursor` a text or null. Source: [S24] list and single responses."""
    for item in subject.evidence:
        body = item.body
        if item.status != 200 or not isinstance(body, dict):
            yield _envelope(item, None, f"200 with a JSON object holding {subject.key}", f"{item.status} {short(body)}")
            return
        held = body.get(subject.key, MISSING)
        if not any(isinstance(held, _JSON_TYPES[name]) for name in subject.types):
            wanted = " or ".join(sorted(subject.types))
            yield _envelope(item, subject.key, f"an {wanted} under {subject.key}", short(held))
            return
        odd = [row for row in held if not isinstance(row, dict)] if isinstance(held, list) else []
        if odd:
            yield _envelope(item, f"{subject.key}[]", "an object in each row", short(odd[0]))
            return
        cursor = body.get("next_cursor")
        if cursor is not None and not (isinstance(cursor, str) and cursor):
            yield _envelope(item, "next_cursor", "a text, null, or absent", short(cursor))
            return


@check("fields.connection")
def connection(subject: Answer) -> Iterator[Observation]:
    """Reads name the connection they are from, and it is the one whose access token was sent, of the same organisation
    on every read: an integration that routes data by it must not mix customers up. Source: [S24]."""
    wanted: dict[str, str | None] = {"platform": subject.platform, "id": subject.connection_id, "orgId": subject.org_id}
    for item in subject.evidence if subject.named else ():
        block = item.body.get("connection") if isinstance(item.body, dict) else None
        if not isinstance(block, dict):
            yield _envelope(item, "connection", "an object with id, orgId and platform", short(block))
            return
        for name in ("id", "orgId", "platform"):
            value = block.get(name, MISSING)
            if not isinstance(value, str) or not value or value != (wanted[name] or value):
                yield _envelope(item, f"connection.{name}", wanted[name] or "a text", short(value))
                return
            wanted[name] = value


def _envelope(item: Evidence, path: str | None, expected: str, seen: str) -> Observation:
    return Observation(
        f"the answer of {item.method} {item.path} is not in its envelope", expected, seen, path, (item.id,)
    )


@check("fields.list_equals_get")
def list_equals_get(subject: Pair) -> Iterator[Observation]:
    """The row of a list and the single object are equal in every field: an integration that syncs by list and repairs
    by id would flip values forever. Source: [S24]: both are of one schema."""
    yield from _compare(subject)


@check("fields.same_everywhere")
def same_everywhere(subject: Pair) -> Iterator[Observation]:
    """An object that nobody changed is the same on every page, under every filter, sort and window, and by its id.
    Both forms were read twice, in turn, before this is said. Source: [S24]: all reads are of one schema."""
    yield from _compare(subject)


def _compare(subject: Pair) -> Iterator[Observation]:
    told: set[str] = set()
    for path, left, right in differences(subject.left, subject.right):
        top = path.partition(".")[0].removesuffix("[]")
        if top in subject.ignored or path in told:
            continue
        told.add(path)
        yield Observation(
            message=f"{path} differs between {subject.left_name} and {subject.right_name}",
            expected=f"{short(left)} as in {subject.left_name}",
            seen=f"{short(right)} in {subject.right_name}",
            field=path,
            evidence=subject.ids,
        )
