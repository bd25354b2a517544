"""Round trips: what was written is what is read, what was not named stays, what was deleted is gone."""

from contextlib import suppress
from datetime import timedelta

import pytest

from harness.checks.aftermath import Gone, Told
from harness.checks.echo import instant
from harness.checks.oracle import millis
from harness.checks.organisation import Deletions, Shaped, tells_of
from harness.checks.paths import exact, first
from harness.checks.writes import Mode, Removed, Untouched
from harness.core import Strength
from harness.drive import Inconclusive
from harness.plan.inputs import like, put
from harness.plan.texts import SAMPLE_TEXTS, SHORTER

LINES = 50
PRICE = exact("12.25")
NEIGHBOURS = 50
HOUR = timedelta(hours=1)
EVENING = "23:30:00.000Z"
EVENTS_LATE, EVENTS_PAUSE = 5.0, 0.5
"""Seconds that an event of a deletion is waited for, and between two looks."""


@pytest.mark.case("roundtrip.read")
def test_what_was_created_is_read(proof, judge, drive):
    """The answer of a create, the object by its id, and its row in the list are the same. The create names the default
    response mode where there are several."""
    write, sent = _created(proof, judge, drive)
    for part, entity in zip(proof.sent_parts(sent), write.entities, strict=False):
        seen = proof.held(part, entity["id"])
        row, evidence = proof.listed(entity["id"])
        if seen is None or row is None:
            continue
        unread = proof.unread(entity)
        judge(Untouched(*proof.base, entity, seen, unread, "the read after the answer", (write.evidence.id,)),
              "roundtrip.untouched")  # fmt: skip
        judge(
            Untouched(*proof.base, seen, row, frozenset({"platform_data"}), "the list", evidence[-1:]),
            "roundtrip.untouched",
        )


def _created(proof, judge, drive):
    """A judged create with the default response mode named, or without it where that is why it is refused."""
    if not proof.described.operations["create"].is_async:
        return proof.create()
    sent = drive.minimal_input()
    write = proof.attempt(sent, response_mode="prefer_sync")
    if write.status is not None and 400 <= write.status < 500:
        refused, (write, sent) = write, proof.create()
        judge(Mode(*proof.base, refused.evidence, refused.status), "roundtrip.prefer_sync")
        return write, sent
    proof.written(write, "create", sent)
    return write, sent


@pytest.mark.case("roundtrip.text")
def test_texts_survive(proof, case):
    """Scripts, emoji, markup, spaces and line breaks come back unchanged; so does a long text, up to what the platform
    takes."""
    text, paths = SAMPLE_TEXTS[case.params["text"]], case.params["paths"]
    write = None
    for cut in SHORTER if case.params["text"] == "long" else ():
        write = proof.attempt(body := _with_texts(proof, paths, text))
        if write.ok:
            break
        text = text[:cut]
    if write is None or not write.ok:
        write = proof.attempt(body := _with_texts(proof, paths, text, case.params["names"]))
    proof.written(write, "create", body)
    proof.held(body, write.id, in_list=case.params["text"] == "unicode")


def _with_texts(proof, paths, text, names=()):
    """The smallest create with this text in every free text, and in names together with what makes them unique."""
    body = proof.drive.minimal_input()
    for path in paths:
        body = proof.with_value(body, path, text)
    for path in names:
        name = str(first(body, path) or "golive")
        body = proof.with_value(body, path, f"{name} {text[:60]}".strip())
    return body


@pytest.mark.case("roundtrip.lines")
def test_every_line_comes_back(proof, drive):
    """Many lines come back all, in order, each with its own amounts and texts; two that are alike stay two."""
    body = drive.minimal_input()
    lines = body["line_items"]
    if proof.name == "journal_entries":
        numbered = [_numbered(line, index, amounts=False) for index, line in enumerate(lines * (LINES // len(lines)))]
        body["line_items"] = [*numbered, *numbered[-len(lines) :]]  # the lines of one entry balance
    else:
        numbered = [_numbered(lines[0], index) for index in range(LINES)]
        body["line_items"] = [*numbered, numbered[-1]]
    write, sent = proof.create(body)
    proof.held(sent, write.id, in_list=True)


def _numbered(line, index, *, amounts=True):
    """A line that differs from its neighbours in text and, unless it has to balance, in amount."""
    made = dict(line)
    if "description" in made:
        made["description"] = f"line {index} of golive"
    if not amounts:
        return made
    item = made.get("item")
    if isinstance(item, dict) and "quantity" in item:
        made["item"] = {**item, "quantity": index + 2, "unit_amount": like(item["unit_amount"], PRICE)}
        if "total_amount" in made:
            made["total_amount"] = like(made["total_amount"], PRICE * (index + 2))
    elif "quantity" in made:
        made["quantity"] = index + 2
    elif "total_amount" in made:
        made["total_amount"] = like(made["total_amount"], exact(made["total_amount"]) + index)
    return made


@pytest.mark.case("roundtrip.update")
def test_an_update_changes_what_it_names(proof, drive, case):
    """A PATCH changes what it names, in the answer, by id and in the list; everything else stays. Texts are in many
    scripts, days are the end of a leap February."""
    id = proof.filled()
    before = proof.before(id)
    changes = drive.fill(dict(proof.requirement.changes))
    marked = dict.fromkeys(case.params["texts"], SAMPLE_TEXTS["unicode"] + SAMPLE_TEXTS["long"][:200])
    telling = {**changes, **_leap_days(proof, changes), **marked}
    proof.updated(id, before, telling, in_list=True, otherwise=changes)


def _leap_days(proof, changes):
    """The dates of an update as the 29th of February, that of what is due in another year than that of its issue."""
    fields = proof.described.update_fields
    days = {}
    for path in changes:
        if fields[path].format in {"date-time", "date"}:
            day = "2028-02-29" if path == "due_date" else "2024-02-29"
            days[path] = day if fields[path].format == "date" else f"{day}T{EVENING}"
    return days


@pytest.mark.case("roundtrip.update_one")
def test_a_single_field_can_be_updated(proof, drive, case):
    """A PATCH of one field, beside those without which there is none, changes that field and no other."""
    id = proof.workpiece()
    before = proof.before(id)
    changes = drive.fill(dict(proof.requirement.changes))
    proof.updated(id, before, {name: changes[name] for name in (*case.params["needed"], case.params["field"])})


@pytest.mark.case("roundtrip.update_foreign")
def test_a_document_in_a_foreign_currency_can_be_updated(proof, drive):
    """A PATCH of a document in a foreign currency changes what it names, its rate too where a PATCH takes one, and
    keeps the currency and the rate that it does not name."""
    requirement = proof.requirement
    template = proof.with_value(requirement.create_input, "currency_rate", requirement.optional_inputs["currency_rate"])
    write, sent = proof.create(drive.fill(template))
    before = proof.before(write.id)
    changes = drive.fill(dict(requirement.changes))
    rate = proof.described.update_fields.get("currency_rate")
    more = {}
    if rate is not None and rate.on(proof.case.platform):
        more = {"currency_rate": like(sent["currency_rate"], exact(sent["currency_rate"]) + exact("0.0625"))}
    proof.updated(write.id, before, {**changes, **more}, otherwise=changes)


@pytest.mark.case("roundtrip.replace_lines")
def test_sent_lines_replace_all_lines(proof, drive):
    """A PATCH with lines replaces all lines, and stores what they refer to; a PATCH without lines keeps them."""
    body = drive.minimal_input()
    body["line_items"] = [_numbered(body["line_items"][0], index) for index in range(3)]
    write, _ = proof.create(body)
    before = proof.before(write.id)
    line = _numbered(body["line_items"][0], 2)
    proof.updated(write.id, before, {"line_items": [_referring(proof, line)]}, otherwise={"line_items": [line]})


def _referring(proof, line):
    """A line that refers to everything that a line of an update may refer to (class, tax rate, department...)."""
    made, fields = dict(line), proof.described.update_fields
    for path, template in proof.requirement.optional_inputs.items():
        owner, _, name = path.rpartition(".")
        if owner == "line_items[]" and name.endswith("_id") and name not in made and path in fields:
            with suppress(Inconclusive):  # there is no row to refer to
                made[name] = proof.drive.fill(template)
    return made


@pytest.mark.case("roundtrip.update_lines")
def test_every_sent_line_changes(proof, drive):
    """A PATCH with all lines, each named by its id where it has one, changes each of them."""
    body = drive.minimal_input()
    if proof.name != "journal_entries":
        body["line_items"] = [_numbered(body["line_items"][0], index) for index in range(2)]
    write, _ = proof.create(body)
    before = proof.before(write.id)
    lines = [_renewed(proof, line, index) for index, line in enumerate(body["line_items"])]
    shown = before.get("line_items")
    for line, seen in zip(lines, shown if isinstance(shown, list) else (), strict=False):
        for name in ("id", "platform_id"):
            if f"line_items[].{name}" in proof.described.update_fields and isinstance(seen, dict) and seen.get(name):
                line[name] = seen[name]
    proof.updated(write.id, before, {"line_items": lines})


def _renewed(proof, line, index):
    """A line with another text, and with another amount where it need not balance."""
    fields = proof.described.update_fields
    made = {name: value for name, value in line.items() if f"line_items[].{name}" in fields}
    made = _numbered(made, index + 3, amounts=proof.name != "journal_entries")
    if "line_items[].description" in fields and fields["line_items[].description"].on(proof.case.platform):
        made["description"] = f"changed line {index}"
    return made


@pytest.mark.case("roundtrip.append_lines")
def test_a_line_without_id_is_added(proof):
    """A PATCH with a line that has no platform_id adds it and keeps the lines that are there."""
    write, sent = proof.create()
    before = proof.before(write.id)
    line = {**_numbered(sent["line_items"][0], 5), "description": "added by golive"}
    update = proof.drive.update(proof.name, write.id, {"line_items": [line]})
    proof.written(update, "update", {})
    kept = [{name: value for name, value in old.items() if value is not None} for old in before.get("line_items") or ()]
    proof.held({"line_items": [*kept, line]}, write.id)


@pytest.mark.case("roundtrip.update_rest")
def test_references_and_states_can_be_updated(proof, drive):
    """A PATCH of what the plans do not change but the API lets change (references, addresses, states) is stored."""
    id = proof.workpiece()
    before = proof.before(id)
    changes = {}
    for path, template in proof.requirement.further_changes.items():
        with suppress(Inconclusive):  # there is no second row to refer to: nothing to change it to
            changes[path] = drive.fill(template)
    if not changes:
        drive.inconclusive("there are no second rows to refer to")
    together = {}
    for path, value in changes.items():
        together = put(together, path, value)
    write = drive.update(proof.name, id, together)
    if write.ok:
        proof.settled(write, id, before, together)
        return
    for path, value in changes.items():  # one of them is refused: find out which
        proof.updated(id, proof.before(id), put({}, path, value))


@pytest.mark.case("roundtrip.delete")
def test_what_was_deleted_is_gone(proof, judge, drive, case):
    """A DELETE answers as documented; after it the object is gone by id, from the list, for every filter, for updates,
    and the events tell of it."""
    before = proof.snapshot(refresh=True)
    write, _ = proof.create()
    neighbours = Neighbours(proof, drive)
    first = drive.delete(proof.name, write.id)
    if first.indeterminate:
        drive.inconclusive(f"the delete is answered {first.status}: its outcome is not known")
    again = drive.delete(proof.name, write.id)
    updated = None
    if proof.requirement.changes:
        updated = drive.update(proof.name, write.id, drive.fill(dict(proof.requirement.changes))).evidence
    read = drive.get(proof.name, write.id) if proof.described.has("get") else None
    walk = proof.snapshot(refresh=True)
    lost = tuple(sorted(set(before.by_id) - set(walk.by_id)))
    lost = tuple(id for id in lost[:3] if proof.read(id)[0] is None) if proof.described.has("get") else lost
    judge(
        Removed(
            *proof.base, proof.described, write.id, first.status, first.body, first.evidence, again.status, again.body,
            again.evidence, read, write.id in walk.by_id, walk.evidence_ids[-1:],
            lost, neighbours.lost(),
        ),
        "roundtrip.deleted",
    )  # fmt: skip
    selected = _selecting(proof, write.entity)
    judge(Gone(*proof.base, write.id, proof.described.list_key or proof.name, selected, updated), "roundtrip.gone")
    if case.params["told"] and first.ok:
        _told(proof, judge, drive, case, write)


class Neighbours:
    """The newest rows of one list that refers to the resource of a case, as they were before a delete."""

    def __init__(self, proof, drive):
        self._drive, known = drive, drive.session.requirements
        entity = proof.described.entity
        names = [name for platform, name in known if platform == drive.platform and name != proof.name]
        self.name = next((name for name in names if self._refers(drive.contract.resource(name), entity)), None)
        self._rows = self._newest()

    def _refers(self, resource, entity):
        readable = all(resource.supports(operation, self._drive.platform) for operation in ("list", "get"))
        return readable and any(field.ref == entity for field in resource.fields.values())

    def _newest(self):
        page = self._drive.page(self.name, limit=NEIGHBOURS) if self.name else None
        rows = page.body.get(self._drive.contract.resource(self.name).list_key) if page and page.ok else None
        return {row["id"]: row for row in rows or () if isinstance(row, dict) and isinstance(row.get("id"), str)}

    def lost(self):
        """(resource, id) of those that are gone. Rows of the last hour that this worker did not make are left out:
        another worker may have deleted them."""
        now, old = self._newest(), self._drive.session.clock.now() - HOUR
        gone = [
            id for id, row in self._rows.items()
            if id not in now
            and (id in self._drive.session.made or ((made := instant(str(row.get("created_at")))) and made < old))
        ][:3]  # fmt: skip
        return tuple((self.name, id) for id in gone if self._drive.get(self.name, id).status in {404, 410})


def _awaited(drive, query, id):
    """The events, on a double asked for again until one is of that object. When it shows is UNKNOWN: one that never
    comes is waited for once. A live target tells at its next sync, in an hour."""
    session = drive.session
    waits = session.world.target.strength is Strength.EMULATED and not session.events_lost
    until = session.clock.monotonic() + (EVENTS_LATE if waits else 0)
    while True:
        events = drive.send("GET", "/events", query=query, resource="events", operation="list")
        if tells_of((events,), id) or not events.ok:
            return events
        if session.clock.monotonic() >= until:
            session.events_lost = True
            return events
        session.clock.sleep(EVENTS_PAUSE)


def _told(proof, judge, drive, case, write):
    """Judge the events from the moment on at which the deleted object was made, those of its resource where that has a
    known name there."""
    made = write.entity or {}
    since = made.get("last_synced_at") or made.get("created_at")
    least, asked = millis(since), frozenset({case.params["event"]} - {None})
    query = {"type": "object_deleted", **({"resources": ",".join(asked)} if asked else {})}
    query |= {"last_synced_at_min": least} if least is not None else {}
    events = _awaited(drive, query, write.id)
    place = (case.id, case.platform, "events")
    judge(Shaped(*place, events, drive.contract, "ListEventResponse"), "config.schema")
    judge(Deletions(*place, (events,), asked, since if least is not None else None), "config.events")
    if asked:
        other = frozenset({"VENDOR" if "BILL" in asked else "BILL"})
        others = drive.send("GET", "/events", query=query | {"resources": ",".join(other)}, resource="events",
                            operation="list")  # fmt: skip
        judge(Deletions(*place, (others,), other, None), "config.events")
    prompt = drive.session.world.target.strength is Strength.EMULATED
    judge(Told(*proof.base, write.id, events, prompt), "roundtrip.event")


def _selecting(proof, entity):
    """One page of the list under a query that selects the object: a filter on a text, else a window; None for none."""
    requirement = proof.requirement
    for name in requirement.filter:
        value = entity.get(name)
        if isinstance(value, str) and value and '"' not in value and instant(value) is None:
            return proof.drive.page(proof.name, filter=f'{name}="{value}"', limit=100)
    moment = millis(entity.get("updated_at"))
    if "updated_at_min" in requirement.params and moment is not None:
        return proof.drive.page(proof.name, updated_at_min=moment - 1, limit=100)
    return None
