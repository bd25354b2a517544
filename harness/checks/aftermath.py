"""What a write must not do to anything else, and what must stay true after it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.checks.echo import missing_of
from harness.checks.organisation import tells_of
from harness.checks.paths import differences, short
from harness.checks.registry import Observation, Subject, check
from harness.contract import Resource
from harness.core import Evidence, Severity


@dataclass(frozen=True, slots=True)
class Bystander(Subject):
    """Another object than the one an update named, as it was seen before the update and after it."""

    described: Resource
    id: str
    sent: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unmarked(Subject):
    """An object that no write of the run named, as two readings showed it with the same marks of time; the later one
    lasts."""

    described: Resource
    id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Risen(Subject):
    """Objects that a DELETE removed and that a later list shows. `ids` maps each to the evidence of its removal."""

    ids: Mapping[str, str]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gone(Subject):
    """What is answered about a deleted object by other ways than its id: a list that would select it (None: not
    asked), and an update (None: the platform has none). `key` is the list's."""

    id: str
    key: str
    selected: Evidence | None
    updated: Evidence | None


@dataclass(frozen=True, slots=True)
class Told(Subject):
    """`GET /events` after a delete. `prompt` says that the target tells at once; a real one does at its next sync."""

    id: str
    events: Evidence
    prompt: bool


@dataclass(frozen=True, slots=True)
class Foreign(Subject):
    """A create whose answer names an object that was there before the run wrote anything."""

    id: str
    evidence: tuple[str, ...]


@check("roundtrip.bystander")
def bystander(subject: Bystander) -> Iterator[Observation]:
    """An update changes the object that it names and no other: what was sent must not appear in an object that did not
    have it before. Only what was sent is compared, because somebody else may write at the same time."""
    assert subject.platform is not None
    for name, value in subject.sent.items():
        part = {name: value}
        had = not missing_of(subject.described, subject.platform, part, subject.before)
        if (
            not had
            and name in subject.after
            and not missing_of(subject.described, subject.platform, part, subject.after)
        ):
            yield Observation(f"an update of another object changes {name} of {subject.id}",
                              short(subject.before.get(name)), short(subject.after.get(name)), name,
                              subject.evidence)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copied(Subject):
    """Objects that nobody made and that hold a text of an update of another one."""

    copies: tuple[str, ...]
    evidence: tuple[str, ...]


@check("roundtrip.copied")
def copied(subject: Copied) -> Iterator[Observation]:
    """An update changes the object that it names, and makes no second one with what was sent. Source: [S24] PATCH."""
    yield Observation("an update made another object", "the object that it names, changed",
                      f"{len(subject.copies)} more: {short(subject.copies)}", "id", subject.evidence)  # fmt: skip


MARKS = ("updated_at", "last_synced_at")
FOLLOWING = frozenset(
    {"amount_due", "balance", "current_balance", "platform_data", "quantity_on_hand", "remaining_amount"}
)
"""Inputs that also follow from what is written elsewhere, like all links to other documents and a document's status."""


def unmarked_changes(
    resource: Resource, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[tuple[str, Any, Any]]:
    """Where an object that shows the same marks of time holds something else in what only a write to it sets: (path,
    before, after). Empty when it has no marks."""
    marks = [name for name in MARKS if before.get(name) is not None]
    if not marks or any(before.get(name) != after.get(name) for name in MARKS):
        return []
    written = {*resource.create_fields, *resource.update_fields} - FOLLOWING
    linked = {name for name in resource.fields if name.startswith("linked_")}
    written -= {*linked, "status"} if linked or "line_items" in resource.fields else set()
    names = [name for name in after if name in written and before.get(name) != after.get(name)]
    return list(differences({name: before.get(name) for name in names}, {name: after[name] for name in names}))


@check("roundtrip.unmarked_change")
def unmarked_change(subject: Unmarked) -> Iterator[Observation]:
    """What changes shows it: an object that no write named keeps its values as long as its updated_at and
    last_synced_at stand still. A write that reaches another object is seen by this, and a mirror that reads what
    changed since its last visit would never learn of it. Source: [D:implementation-guides/syncing-rutter-data]."""
    for path, before, after in unmarked_changes(subject.described, subject.before, subject.after)[:3]:
        yield Observation(f"{path} of {subject.id}, which no write named, changes and its updated_at does not",
                          short(before), short(after), path, subject.evidence)  # fmt: skip


@check("roundtrip.stays_deleted")
def stays_deleted(subject: Risen) -> Iterator[Observation]:
    """What was deleted does not come back: no later list shows it, whatever is written in between. Source:
    [D:implementation-guides/monitoring-deleted-objects]."""
    for id, removal in subject.ids.items():
        yield Observation("a deleted object is in the list again", "absent", short(id), "id",
                          (removal, *subject.evidence))  # fmt: skip


@check("roundtrip.gone")
def gone(subject: Gone) -> Iterator[Observation]:
    """A deleted object is gone by every way: a filter or window that would select it does not find it, and an update of
    it is answered 404 or 410, not 200. Source: [D:rest/2023-03-14/errors],
    [D:implementation-guides/monitoring-deleted-objects]."""
    found = (
        subject.selected.body.get(subject.key) if subject.selected and isinstance(subject.selected.body, dict) else ()
    )
    if any(isinstance(row, dict) and row.get("id") == subject.id for row in found or ()):
        assert subject.selected is not None
        asked = "&".join(f"{name}={value}" for name, value in subject.selected.query if name != "access_token")
        yield Observation("a query finds a deleted object", "absent", f"in the list with {asked}", "id",
                          (subject.selected.id,))  # fmt: skip
    if subject.updated is not None and subject.updated.status == 200 and not _later(subject.updated):
        yield Observation("a deleted object can be updated", "410 or 404", "200", "id", (subject.updated.id,))


def _later(answer: Evidence) -> bool:
    """Whether a write was answered with a job, which tells its outcome elsewhere."""
    return isinstance(answer.body, dict) and "async_response" in answer.body


@check("roundtrip.event")
def event(subject: Told) -> Iterator[Observation]:
    """A delete on QuickBooks, NetSuite and Xero shows in `GET /events` as `object_deleted` with the object's id, which
    is how mirrors learn of it. When it shows is UNKNOWN: a target that syncs in its own time is not blamed. Source:
    [S24] ListEvents, [D:implementation-guides/monitoring-deleted-objects]."""
    body = subject.events.body
    listed = body.get("events") if isinstance(body, dict) else None
    severity = None if subject.prompt else Severity.ADVISORY
    if subject.events.status != 200 or not isinstance(listed, list):
        yield Observation("the events cannot be read", "200 with events", f"{subject.events.status} {short(body)}",
                          "events", (subject.events.id,))  # fmt: skip
    elif not tells_of((subject.events,), subject.id):
        yield Observation("the events do not tell of a delete", f"object_deleted of {subject.id}",
                          f"{len(listed)} other event(s)", "data.id", (subject.events.id,), severity)  # fmt: skip


@check("writes.fresh_id")
def fresh_id(subject: Foreign) -> Iterator[Observation]:
    """A create answers the id of the object that it made, never that of one which was there before: whoever goes on
    with that id changes or deletes a customer's data."""
    yield Observation("a create answers the id of an older object", "an id that no list has shown before",
                      short(subject.id), "id", subject.evidence)  # fmt: skip
