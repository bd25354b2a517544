"""Writes: what a create takes, what it refuses, and that a refusal leaves nothing behind."""

import pytest

from harness.checks.errors import Failing
from harness.checks.idempotency import Repeats
from harness.checks.writes import RefusedWrite, Untouched
from harness.drive import First
from harness.plan.inputs import UNKNOWN_ID, put, without

REFUSED = ("writes.refused", "writes.refused_mark", "writes.created_nothing")


@pytest.mark.case("writes.create")
def test_the_smallest_create_is_taken(proof, case):
    """The smallest input of the plan is taken, echoed, and read back by id and in the list."""
    write, sent = proof.create()
    if write.id is None or not proof.described.supports("get", case.platform):
        return
    parts = proof.sent_parts(sent)
    for part, entity in zip(parts, write.entities, strict=False):
        proof.held(part, entity["id"], in_list=True)


@pytest.mark.case("writes.smallest")
def test_nothing_more_is_required(proof, drive, case):
    """A create with what the contract requires, and nothing of what only the plans want, is taken."""
    write, sent = proof.create(drive.fill(dict(proof.requirement.smallest_input)))
    if write.id is not None and proof.described.supports("get", case.platform):
        for part, entity in zip(proof.sent_parts(sent), write.entities, strict=False):
            proof.held(part, entity["id"])


@pytest.mark.case("writes.required")
def test_a_missing_required_input_creates_nothing(proof, judge, drive, case):
    """Without a required input a create is refused with 400, and nothing appears in the list."""
    path = case.params["path"]
    body = without(drive.minimal_input(), path)
    _refused(proof, judge, body, path, f"without {path}", own=True)


@pytest.mark.case("writes.optional")
def test_an_optional_input_comes_back(proof, drive, case):
    """An optional input is accepted, comes back in the answer, and is read by id."""
    path = case.params["path"]
    template = proof.with_value(dict(proof.requirement.create_input), path, proof.requirement.optional_inputs[path])
    write, sent = proof.create(drive.fill(template))
    if write.id is not None and proof.described.supports("get", case.platform):
        for part, entity in zip(proof.sent_parts(sent), write.entities, strict=False):
            proof.held(part, entity["id"])


@pytest.mark.case("writes.word")
def test_another_word_comes_back(proof, judge, drive, case):
    """Another word of an enum is stored as it was sent. Which words a platform takes, and beside what, the contract
    does not say: one that is refused as documented, with nothing made, is no finding (INFERRED from cards, on which
    alone some platforms refund)."""
    if proof.described.supports("list", case.platform):
        proof.known()
    path, word = case.params["path"], case.params["word"]
    template = proof.with_value(dict(proof.requirement.create_input), path, word)
    write = proof.attempt(sent := drive.fill(template))
    if write.status in {400, 422, 424}:
        made, evidence = _made(proof, sent)
        subject = RefusedWrite(*proof.base, write.evidence, write.status, path, f"with {path} {word}", made,
                               (write.evidence.id, *evidence[-1:]), own=False)  # fmt: skip
        judge(subject, *REFUSED)
        return
    proof.written(write, "create", sent)
    if write.id is not None and proof.described.supports("get", case.platform):
        proof.held(sent, write.id)


@pytest.mark.case("writes.unwrapped")
def test_an_empty_create_creates_nothing(proof, judge, drive):
    """A create without its object is refused with 400, and nothing appears in the list."""
    if not proof.described.required_on_create:
        answer = drive.create(proof.name, "no object")
    else:
        answer = drive.create(proof.name, {})
    made, evidence = _made(proof, {})
    judge(
        RefusedWrite(
            *proof.base,
            answer.evidence,
            answer.status,
            None,
            "without its inputs",
            made,
            (answer.evidence.id, *evidence),
            own=True,
        ),
        *REFUSED,
    )
    _shapeless(proof, judge, drive)


def _shapeless(proof, judge, drive):
    """Judge that a create outside of its wrapper, and one that is no JSON, are refused."""
    described = proof.described
    bodies = [("with a body that is no JSON", {"content": b'{"broken": '})]
    if described.create_key is not None and described.required_on_create:
        bodies.append(("without its wrapper", {"json": drive.minimal_input()}))
    for reason, body in bodies:
        answer = drive.send("POST", described.operations["create"].path, key=drive.session.new_key(),
                            resource=proof.name, operation="create", **body)  # fmt: skip
        made = answer.body.get(described.item_key or "") if answer.ok and isinstance(answer.body, dict) else None
        if isinstance(made, dict) and isinstance(made.get("id"), str):
            drive.adopt(proof.name, made["id"])
        judge(RefusedWrite(*proof.base, answer, answer.status, None, reason, (), (answer.id,), own=True),
              "writes.refused", "writes.refused_mark")  # fmt: skip


@pytest.mark.case("writes.reference")
def test_an_unknown_reference_is_refused(proof, judge, case):
    """A create that names an object which does not exist is refused, and nothing appears in the list."""
    path = case.params["path"]
    body = proof.broken_reference(path)
    _refused(proof, judge, body, path, f"with an unknown {path}", own=False)


@pytest.mark.case("writes.invalid")
def test_nonsense_is_refused(proof, judge, drive, case):
    """A create with something that is no day, no number, no word of its enum or no object is refused, and nothing
    appears in the list."""
    counted = proof.described.supports("list", case.platform)
    if counted:
        proof.known()
    bodies = [
        (path, why, proof.with_value(drive.minimal_input(), path, value)) for path, value, why in case.params["wrong"]
    ]
    if proof.name == "journal_entries":
        bodies.append(("line_items", "does not balance", _unbalanced(drive.minimal_input())))
    for path, why, body in bodies:
        write = proof.refusal(body)
        made = (write.id,) if write.ok and write.id else ()
        judge(RefusedWrite(*proof.base, write.evidence, write.status, path, f"with {path} that {why}", made,
                           (write.evidence.id,), own=False), "writes.refused")  # fmt: skip
    made, evidence = proof.appeared(bodies[0][2]) if counted else ((), ())
    path, why, _ = bodies[0]
    judge(RefusedWrite(*proof.base, write.evidence, write.status, path, f"with {path} that {why}", made,
                       (write.evidence.id, *evidence[-1:]), own=False), "writes.created_nothing")  # fmt: skip


def _unbalanced(body):
    line = body["line_items"][0]
    return {**body, "line_items": [{**line, "total_amount": line["total_amount"] + 1}, *body["line_items"][1:]]}


@pytest.mark.case("writes.update_invalid")
def test_a_nonsensical_update_is_refused(proof, judge, drive, case):
    """An update with something that is no day or no object is refused and changes nothing."""
    id = proof.workpiece()
    before = proof.before(id)
    sent = []
    for path, value, why in case.params["wrong"]:
        write = drive.update(proof.name, id, put({}, path, value))
        sent.append(write.evidence.id)
        judge(RefusedWrite(*proof.base, write.evidence, write.status, path, f"with {path} that {why}", (),
                           (write.evidence.id,), own=False), "writes.refused")  # fmt: skip
    after, answer = proof.read(id)
    subject = Untouched(*proof.base, before, after or {}, frozenset(), "the object after refused updates",
                        (*sent, answer.id))  # fmt: skip
    judge(subject, "roundtrip.untouched")


@pytest.mark.case("writes.unsupported")
def test_what_the_platform_lacks_is_refused(proof, judge, drive, case):
    """A write that the platform does not support is answered 404; sent for an id that does not exist."""
    operation = case.params["operation"]
    found = proof.described.operations[operation]
    path = found.path if operation == "create" else found.url_path(id=UNKNOWN_ID)
    wrapper = {"create": proof.described.create_key, "update": proof.described.update_key}.get(operation)
    body = {wrapper: {}} if wrapper else {}
    answer = drive.send(found.method, path, json=body, resource=proof.name, operation=operation)
    why = f"to {operation} {proof.name} on {case.platform}, which does not support it,"
    judge(Failing(*proof.base, answer, why, frozenset({404, 410}), frozenset()), "errors.unsupported")


def _refused(proof, judge, body, path, reason, *, own):
    if proof.described.has("list"):
        proof.known()
    write = proof.refusal(body)
    made, evidence = _made(proof, body)
    judge(
        RefusedWrite(
            *proof.base, write.evidence, write.status, path, reason, made, (write.evidence.id, *evidence[-1:]), own=own
        ),
        *REFUSED,
    )


def _made(proof, body):
    """New objects like `body`; nothing where the resource has no list to count by."""
    return proof.appeared(body) if proof.described.supports("list", proof.case.platform) else ((), ())


@pytest.mark.case("idempotency.later")
def test_a_key_is_remembered(proof, judge, drive):
    """A key that was used earlier in the run still answers as it did: it does not expire within seconds. The case
    stands in this module because pytest runs it late."""
    session = drive.session
    first = session.firsts.get((drive.platform, proof.name))
    if first is None:
        body, key = drive.minimal_input(), session.new_key()
        first = First(key, body, drive.create(proof.name, body, key=key), session.clock.monotonic())
        proof.note(first.write)
    session.let_pass(first.at)
    again = drive.create(proof.name, first.body, key=first.key)
    writes = (first.write, again)
    answers, statuses = tuple(write.evidence for write in writes), tuple(write.status for write in writes)
    ids, entities = tuple(write.id for write in writes), tuple(write.entity for write in writes)
    subject = Repeats(*proof.base, answers, statuses, ids, (), 0, (), entities)
    judge(subject, "idempotency.replay")
