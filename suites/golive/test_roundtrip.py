"""Round trips: what was written is what is read, what was not named stays, what was deleted is gone."""

import pytest

from harness.checks.money import Linked
from harness.checks.paths import exact
from harness.checks.writes import Removed, Untouched
from harness.plan.texts import SAMPLE_TEXTS


@pytest.mark.case("roundtrip.read")
def test_what_was_created_is_read(proof, judge):
    """The answer of a create, the object by its id, and its row in the list are the same."""
    write, sent = proof.create()
    for part, entity in zip(proof.sent_parts(sent), write.entities, strict=False):
        seen = proof.held(part, entity["id"])
        row, evidence = proof.listed(entity["id"])
        if seen is None or row is None:
            continue
        same = frozenset({"platform_data"})
        judge(Untouched(*proof.base, entity, seen, same, "the read after the answer", (write.evidence.id,)),
              "roundtrip.untouched")  # fmt: skip
        judge(Untouched(*proof.base, seen, row, same, "the list", evidence[-1:]), "roundtrip.untouched")


@pytest.mark.case("roundtrip.text")
def test_texts_survive(proof, drive, case):
    """Scripts, emoji, markup, long texts and line breaks come back unchanged."""
    body = drive.minimal_input()
    for path in case.params["paths"]:
        body = proof.with_value(body, path, SAMPLE_TEXTS[case.params["text"]])
    write, sent = proof.create(body)
    proof.held(sent, write.id, in_list=case.params["text"] == "unicode")


@pytest.mark.case("roundtrip.lines")
def test_every_line_comes_back(proof, drive):
    """Several lines come back all, in order, each with its own amounts and texts."""
    body = drive.minimal_input()
    lines = body["line_items"]
    if proof.name == "journal_entries":
        body["line_items"] = [_numbered(line, index, amounts=False) for index, line in enumerate([*lines, *lines])]
    else:
        body["line_items"] = [_numbered(lines[0], index) for index in range(4)]
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
        made["item"] = {**item, "quantity": index + 2}
        if "total_amount" in made:
            made["total_amount"] = _like(made["total_amount"], exact(item["unit_amount"]) * (index + 2))
    elif "quantity" in made:
        made["quantity"] = index + 2
    elif "total_amount" in made:
        made["total_amount"] = _like(made["total_amount"], exact(made["total_amount"]) + index)
    return made


def _like(before, amount):
    """An amount in the form that the line had: text or number."""
    return str(amount) if isinstance(before, str) else float(amount)


@pytest.mark.case("roundtrip.update")
def test_an_update_changes_what_it_names(proof, drive):
    """A PATCH changes what it names, in the answer, by id and in the list; everything else stays."""
    write, _ = proof.create()
    before, _ = proof.read(write.id)
    if before is None:
        drive.inconclusive("the created object cannot be read")
    proof.updated(write.id, before, drive.fill(dict(proof.requirement.changes)), in_list=True)


@pytest.mark.case("roundtrip.update_one")
def test_a_single_field_can_be_updated(proof, drive, case):
    """A PATCH of one field changes that field and no other."""
    id = proof.workpiece()
    before, _ = proof.read(id)
    if before is None:
        drive.inconclusive("the created object cannot be read")
    changes = drive.fill(dict(proof.requirement.changes))
    proof.updated(id, before, {case.params["field"]: changes[case.params["field"]]})


@pytest.mark.case("roundtrip.replace_lines")
def test_sent_lines_replace_all_lines(proof, drive):
    """A PATCH with lines replaces all lines; a PATCH without lines keeps them."""
    body = drive.minimal_input()
    body["line_items"] = [_numbered(body["line_items"][0], index) for index in range(3)]
    write, _ = proof.create(body)
    before, _ = proof.read(write.id)
    if before is None:
        drive.inconclusive("the created object cannot be read")
    proof.updated(write.id, before, {"line_items": [_numbered(body["line_items"][0], 2)]})


@pytest.mark.case("roundtrip.delete")
def test_what_was_deleted_is_gone(proof, judge, drive):
    """A DELETE answers as documented; after it the object is gone by id and from the list."""
    before = proof.snapshot(refresh=True)
    write, _ = proof.create()
    first = drive.delete(proof.name, write.id)
    again = drive.delete(proof.name, write.id)
    read = drive.get(proof.name, write.id) if proof.described.has("get") else None
    walk = proof.snapshot(refresh=True)
    lost = tuple(sorted(set(before.by_id) - set(walk.by_id)))
    lost = tuple(id for id in lost[:3] if proof.read(id)[0] is None) if proof.described.has("get") else lost
    judge(
        Removed(
            *proof.base, proof.described, write.id, first.status, first.body, first.evidence, again.status, again.body,
            again.evidence, read, write.id in walk.by_id, walk.evidence_ids[-1:],
            lost,
        ),
        "roundtrip.deleted",
    )  # fmt: skip


@pytest.mark.case("roundtrip.linked")
def test_a_payment_shows_on_both_sides(proof, judge, drive, case):
    """What a payment or credit takes is taken off the document, listed there, and given back when it is deleted."""
    documents, key, amount, back = (case.params[name] for name in ("documents", "links", "amount", "back"))
    body = drive.minimal_input()
    link = body[key][0]
    target = drive.contract.resource(documents)

    def document():
        answer = drive.get(documents, link["id"])
        found = answer.body.get(target.item_key) if answer.ok else None
        if not isinstance(found, dict):
            drive.inconclusive(f"{documents} {link['id']} cannot be read")
        return found, answer.id

    before, first = document()
    write, _ = proof.create(body)
    after, second = document()
    restored = third = None
    if write.id is not None and proof.requirement.delete:
        drive.delete(proof.name, write.id)
        restored, third = document()
    applied = write.id
    if case.params["memos"]:
        applied = next((value for name, value in body.items() if name.endswith("credit_memo_id")), None)
    subject = Linked(
        case.id, case.platform, documents, documents, exact(link[amount]), back, applied, before, after, restored,
        tuple(id for id in (first, write.evidence.id, second, third) if id),
    )  # fmt: skip
    judge(subject, "roundtrip.linked")
