"""Idempotency: what a repeated key does, counted on the ledger by listing."""

import pytest

from harness.checks.idempotency import AppliedOnce, Repeats, Reused, Scope
from harness.checks.paths import exact
from harness.checks.writes import Held
from harness.drive import First
from harness.plan.inputs import without

AT_ONCE = 4


@pytest.mark.case("idempotency.replay")
def test_the_same_key_makes_one_object(proof, judge, drive):
    """The same key with the same body replays the answer and makes nothing new."""
    proof.known()
    body, key = drive.minimal_input(), drive.session.new_key()
    writes = [drive.create(proof.name, body, key=key) for _ in range(3)]
    judge(_repeats(proof, body, writes), "idempotency.counted", "idempotency.replay")
    if writes[0].ok:
        place = (drive.platform, proof.name)
        drive.session.firsts.setdefault(place, First(key, body, writes[0], drive.session.clock.monotonic()))


@pytest.mark.case("idempotency.concurrent")
def test_the_same_key_at_once_makes_one_object(proof, judge, drive):
    """Requests with one key that arrive together make one object."""
    proof.known()
    body, key = drive.minimal_input(), drive.session.new_key()
    writes = drive.together([lambda: drive.create(proof.name, body, key=key)] * AT_ONCE)
    judge(_repeats(proof, body, writes), "idempotency.counted")


def _repeats(proof, body, writes):
    if writes[0].indeterminate:
        proof.appeared(body)
        proof.drive.inconclusive("a create is answered with 5xx: what a key then holds is not known")
    made, evidence = proof.appeared(body)
    return Repeats(
        *proof.base,
        tuple(write.evidence for write in writes),
        tuple(write.status for write in writes),
        tuple(write.id for write in writes),
        made,
        len(proof.sent_parts(body)),
        evidence[-1:],
        tuple(write.entity for write in writes),
    )


@pytest.mark.case("idempotency.scope")
def test_a_key_belongs_to_one_request(proof, judge, drive):
    """A key in other letters is another key; under another connection or for an update it is free or taken, and never
    answers with the first result."""
    key = f"golive-{drive.uuid()}"
    body = drive.minimal_input()
    first = drive.create(proof.name, body, key=key)
    proof.note(first)
    if first.status is not None and 400 <= first.status < 500:
        drive.inconclusive("a key that is no UUID is refused")
    second = drive.create(proof.name, drive.minimal_input(), key=key.upper())
    proof.note(second)
    _scoped(
        proof, judge, first, second, "its capital letters", done=second.id != first.id or first.id is None, free=True
    )
    other = drive.other_connection()
    if other is not None and proof.described.supports("create", other.platform) and other.requirement is not None:
        same = all(map(_plain, body.values()))  # the very same request, which means the same on both
        if same:
            drive.session.uniques.get(drive.platform, set()).difference_update(map(str, body.values()))
        third = other.create(proof.name, body if same else other.minimal_input(), key=key)
        _scoped(proof, judge, first, third, "another connection", done=third.id != first.id or first.id is None)
    if proof.requirement.changes and first.id is not None:
        change = drive.fill(dict(proof.requirement.changes))
        fourth = drive.update(proof.name, first.id, change, key=key)
        seen, _ = proof.read(first.id)
        _scoped(proof, judge, first, fourth, "an update", done=not proof.missing(change, seen or {}))


def _plain(value):
    """Whether a value means the same on every connection: no object, no list, no id."""
    return not isinstance(value, (dict, list)) and not (isinstance(value, str) and _is_id(value))


def _scoped(proof, judge, first, second, what, *, done, free=False):
    subject = Scope(
        *proof.base, first.evidence, second.evidence, what, second.status, (first.id, second.id), done, free
    )
    judge(subject, "idempotency.scope")


@pytest.mark.case("idempotency.applied_once")
def test_a_credit_is_applied_once(proof, judge, drive, case):
    """A credit that is applied again under its key is applied once; another one under that key is refused."""
    documents, key, amount = (case.params[name] for name in ("documents", "links", "amount"))
    body, used = drive.minimal_input(), drive.session.new_key()
    link = body[key][0]
    before, first_read = proof.other(documents, link["id"])
    writes = [drive.create(proof.name, body, key=used) for _ in range(2)]
    proof.written(writes[0], "create", body)
    another = {**body, key: [{**link, amount: _more(link[amount])}, *body[key][1:]]}
    refused = drive.create(proof.name, another, key=used)
    after, second_read = proof.other(documents, link["id"])
    evidence = (first_read, *(write.evidence.id for write in writes), second_read)
    judge(AppliedOnce(*proof.base, tuple(write.evidence for write in writes), before.get("amount_due"),
                      after.get("amount_due"), exact(link[amount]), evidence), "idempotency.applied_once")  # fmt: skip
    judge(Reused(*proof.base, writes[0].evidence, refused.evidence, refused.status, frozenset({409}),
                 "the same key with another body is not refused", (), 0, ()), "idempotency.other_body")  # fmt: skip


@pytest.mark.case("idempotency.answers")
def test_a_repeated_create_answers_as_before(proof, judge, drive):
    """Where nothing can be counted in a list: the same key answers the same object again, and refuses another body."""
    body, key = drive.minimal_input(), drive.session.new_key()
    writes = [drive.create(proof.name, body, key=key) for _ in range(2)]
    proof.written(writes[0], "create", body)
    answers, statuses = tuple(write.evidence for write in writes), tuple(write.status for write in writes)
    judge(Repeats(*proof.base, answers, statuses, tuple(write.id for write in writes), (), 0, (),
                  tuple(write.entity for write in writes)), "idempotency.replay")  # fmt: skip
    another = drive.create(proof.name, drive.minimal_input(), key=key)
    judge(Reused(*proof.base, writes[0].evidence, another.evidence, another.status, frozenset({409}),
                 "the same key with another body is not refused", (), 0, ()), "idempotency.other_body")  # fmt: skip


def _more(amount):
    """Another amount in the same form, text or number."""
    return str(exact(amount) + 1) if isinstance(amount, str) else amount + 1


@pytest.mark.case("idempotency.other_body")
def test_another_body_under_the_same_key_is_refused(proof, judge, drive):
    """The same key with another body is answered 409 and makes nothing."""
    proof.known()
    body, key = drive.minimal_input(), drive.session.new_key()
    first = drive.create(proof.name, body, key=key)
    proof.written(first, "create", body)
    second = drive.create(proof.name, _other(drive, body), key=key)
    made, evidence = proof.appeared(body)
    wanted = len(proof.sent_parts(body))
    judge(
        Reused(*proof.base, first.evidence, second.evidence, second.status, frozenset({409}),
               "the same key with another body is not refused", made, wanted, evidence[-1:]),
        "idempotency.other_body",
    )  # fmt: skip


def _other(drive, body):
    """A body that differs from `body` in one value: a text, else an amount, else a date."""
    for name, value in body.items():
        if isinstance(value, str) and not _is_id(value) and len(value) != 3 and not name.endswith("type"):
            stamp = value[:4].isdigit() and "T" in value
            return {**body, name: _different(value) if stamp else f"{value} other"}
    for name, value in body.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return {**body, name: value + 1}
    fresh = drive.minimal_input()
    return fresh if fresh != body else {**body, "golive_other": True}


def _is_id(value):
    return len(value) == 36 and value.count("-") == 4


@pytest.mark.case("idempotency.stored_error")
def test_a_stored_error_is_replayed(proof, judge, drive, case):
    """A write that the platform refused gives the same error again; another body under that key is refused."""
    proof.known()
    key = drive.session.new_key()
    body = proof.broken_reference(case.params["path"])
    first = drive.create(proof.name, body, key=key)
    if first.status is None or not 400 <= first.status < 500:
        drive.inconclusive(
            f"a create with an unknown {case.params['path']} is answered {first.status}: writes/reference judges that"
        )
    again = drive.create(proof.name, body, key=key)
    corrected = proof.with_value(body, case.params["path"], drive.minimal_input()[case.params["path"]])
    third = drive.create(proof.name, corrected, key=key)
    made, evidence = proof.appeared(corrected)
    if again.indeterminate or third.indeterminate:
        drive.inconclusive("a repeated create is answered with 5xx: what its key holds is not known")
    judge(
        Reused(*proof.base, first.evidence, again.evidence, again.status, frozenset({first.status}),
               "the same request is not answered with its stored error", (), 0, (), same_error=True),
        "idempotency.stored_error",
    )  # fmt: skip
    if first.accepted:
        judge(
            Reused(*proof.base, first.evidence, third.evidence, third.status, frozenset({409}),
                   "a key with a stored error takes another body", made, 0, evidence[-1:]),
            "idempotency.stored_error",
        )  # fmt: skip
    else:
        judge(
            Reused(*proof.base, first.evidence, third.evidence, third.status, frozenset({200}),
                   "a key whose request was rejected cannot be used again", made, 1, evidence[-1:]),
            "idempotency.rejected",
        )  # fmt: skip


@pytest.mark.case("idempotency.rejected")
def test_a_rejected_key_can_be_used_again(proof, judge, drive, case):
    """A key whose request was rejected by validation works with the corrected body, once."""
    proof.known()
    key = drive.session.new_key()
    body = drive.minimal_input()
    first = drive.create(proof.name, without(body, case.params["path"]), key=key)
    second = drive.create(proof.name, body, key=key)
    made, evidence = proof.appeared(body)
    judge(
        Reused(*proof.base, first.evidence, second.evidence, second.status, frozenset({200}),
               "a key whose request was rejected cannot be used again", made, len(proof.sent_parts(body)),
               evidence[-1:]),
        "idempotency.rejected",
    )  # fmt: skip


@pytest.mark.case("idempotency.update_replay")
def test_a_replayed_update_is_not_applied_again(proof, judge, drive):
    """A PATCH that is repeated under its key answers as before and does not undo what came between."""
    id = proof.workpiece()
    key = drive.session.new_key()
    change, between = _two_changes(proof, drive)
    first = drive.update(proof.name, id, change, key=key)
    proof.written(first, "update", change)
    drive.update(proof.name, id, between)
    again = drive.update(proof.name, id, change, key=key)
    seen, answer = proof.read(id)
    repeats = Repeats(*proof.base, (first.evidence, again.evidence), (first.status, again.status),
                      (first.id, again.id), (), 0, (), (first.entity, again.entity))  # fmt: skip
    judge(repeats, "idempotency.replay")
    judge(Held(*proof.base, proof.described, between, seen, "the object after a replayed update", (answer.id,)),
          "roundtrip.persisted")  # fmt: skip


@pytest.mark.case("idempotency.update_other_body")
def test_another_update_under_the_same_key_is_refused(proof, judge, drive):
    """A PATCH with another body under a used key is answered 409 and changes nothing."""
    id = proof.workpiece()
    key = drive.session.new_key()
    change, other = _two_changes(proof, drive)
    first = drive.update(proof.name, id, change, key=key)
    proof.written(first, "update", change)
    second = drive.update(proof.name, id, other, key=key)
    seen, answer = proof.read(id)
    judge(
        Reused(*proof.base, first.evidence, second.evidence, second.status, frozenset({409}),
               "the same key with another update is not refused", (), 0, ()),
        "idempotency.other_body",
    )  # fmt: skip
    judge(Held(*proof.base, proof.described, change, seen, "the object after a refused update", (answer.id,)),
          "roundtrip.persisted")  # fmt: skip


def _two_changes(proof, drive):
    """Two update bodies that set the same fields to different values."""
    change = drive.fill(dict(proof.requirement.changes))
    for name, value in change.items():
        other = _different(value)
        if other is not None and not name.endswith("_id"):
            return change, {**change, name: other}
    return drive.inconclusive("no field of the update can take two values")


def _different(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, str):
        stamp = len(value) >= 10 and value[:4].isdigit() and value[4] == "-"
        return value[:8] + ("11" if value[8:10] != "11" else "12") + value[10:] if stamp else _other_text(value)
    if isinstance(value, list) and value and isinstance(value[0], dict) and "description" in value[0]:
        return [{**value[0], "description": "between"}, *value[1:]]
    return None


def _other_text(value):
    return {"archived": "cancelled", "active": "archived"}.get(value) or (
        None if _is_id(value) else f"{value[:-1]}2" if value[-1] != "2" else f"{value[:-1]}3"
    )
