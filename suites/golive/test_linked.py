"""What is applied to other documents: payments and credits show on both sides, and are given back."""

import pytest

from harness.checks.credits import Unapplied
from harness.checks.money import Drawn, Linked, Settled
from harness.checks.oracle import VOLATILE
from harness.checks.paths import exact
from harness.checks.writes import Untouched
from harness.plan.inputs import like

PAID = VOLATILE | {"amount_due", "status", "linked_payments", "linked_credit_memos"}
"""What a payment or a credit may change of the document that it is for."""
PARTY = ("vendor_id", "customer_id", "currency_code")
"""In what a payment and its document agree."""
REST = exact("1.25")
"""What is left for a second payment."""


@pytest.mark.case("roundtrip.linked")
def test_a_payment_shows_on_both_sides(proof, judge, drive, case):
    """What a payment or credit takes is taken off the document and off the credit, listed there, and given back when it
    is deleted; the rest of the document stays."""
    documents, key, amount, back = (case.params[name] for name in ("documents", "links", "amount", "back"))
    body = drive.minimal_input()
    link = body[key][0]
    memo = next((value for name, value in body.items() if name.endswith("credit_memo_id")), None)
    before, first_read = proof.other(documents, link["id"])
    memo_before, _ = proof.other(case.params["memos"], memo) if memo else (None, None)
    write, _ = proof.create(body)
    after, second = proof.other(documents, link["id"])
    restored = third = None
    if memo:
        memo_after, read = proof.other(case.params["memos"], memo)
        judge(Drawn(case.id, case.platform, case.params["memos"], exact(link[amount]), memo_before, memo_after,
                    (write.evidence.id, read)), "roundtrip.drawn")  # fmt: skip
    if write.id is not None and proof.requirement.delete:
        drive.delete(proof.name, write.id)
        restored, third = proof.other(documents, link["id"])
    evidence = tuple(id for id in (first_read, write.evidence.id, second, third) if id)
    subject = Linked(case.id, case.platform, documents, documents, exact(link[amount]), back, memo or write.id, before,
                     after, restored, evidence)  # fmt: skip
    judge(subject, "roundtrip.linked")
    place = (case.id, case.platform, documents)
    judge(Untouched(*place, before, after, PAID | {back}, "the document after it was applied", evidence),
          "roundtrip.untouched")  # fmt: skip
    if restored is not None and restored.get(back) == before.get(back):
        judge(Untouched(*place, before, restored, VOLATILE, "the document after that was deleted", evidence),
              "roundtrip.untouched")  # fmt: skip


@pytest.mark.case("roundtrip.paid_off")
def test_a_document_is_paid_off(proof, judge, drive, case):
    """Paying what is due in two steps makes a document paid and both are listed there; paying more is refused, or takes
    no more than is due; deleting the second payment makes the document what it was after the first."""
    documents, key, amount = (case.params[name] for name in ("documents", "links", "amount"))
    made = drive.create(documents, drive.minimal_input(documents))
    if made.id is None:
        drive.inconclusive(f"there is no document to pay: the create of {documents} is answered {made.status}")
    before, first_read = proof.other(documents, made.id)
    due, body = exact(before.get("amount_due")), drive.minimal_input()
    if due is None or due <= REST:
        drive.inconclusive(f"nothing is due of a new document of {documents}")
    shared = {name: before[name] for name in PARTY if name in body and before.get(name)}
    link = {**body[key][0], "id": made.id}

    def paying(value):
        return {**body, **shared, key: [{**link, amount: like(link[amount], value)}]}

    more = drive.create(proof.name, paying(due + 100))
    proof.note(more)
    if more.ok:
        over, read = proof.other(documents, made.id)
        judge(Settled(*proof.base, before, over, due + 100, None, (more.evidence.id, read)), "roundtrip.paid_off")
        drive.inconclusive("the platform takes more than is due")
    part, _ = proof.create(paying(due - REST))
    partly, second = proof.other(documents, made.id)
    rest, _ = proof.create(paying(REST))
    after, third = proof.other(documents, made.id)
    restored = fourth = None
    if proof.requirement.delete and rest.id is not None:
        drive.delete(proof.name, rest.id)
        restored, fourth = proof.other(documents, made.id)
    evidence = tuple(id for id in (second, rest.evidence.id, third, fourth) if id)
    links = frozenset(id for id in (part.id, rest.id) if id)
    place = (case.id, case.platform, documents)
    judge(Settled(*place, partly, after, REST, restored, evidence, case.params["back"], links), "roundtrip.paid_off")
    for seen in (partly, after):
        judge(Untouched(*place, before, seen, PAID, "the document after it was paid", (first_read, *evidence)),
              "roundtrip.untouched")  # fmt: skip


@pytest.mark.case("roundtrip.paid_together")
def test_a_payment_is_of_two_documents(proof, judge, drive, case):
    """A payment of two documents is stored with both and shows on each, with the amount that is for it."""
    documents, key, amount, back = (case.params[name] for name in ("documents", "links", "amount", "back"))
    made = [drive.create(documents, drive.minimal_input(documents)) for _ in range(2)]
    if any(write.id is None for write in made):
        drive.inconclusive(
            f"there are no two documents to pay: the create of {documents} is answered {made[-1].status}"
        )
    before = [proof.other(documents, write.id) for write in made]
    body = drive.minimal_input()
    link, first = body[key][0], before[0][0]
    parts = [exact(link[amount]) + number for number in range(2)]
    shared = {name: first[name] for name in PARTY if name in body and first.get(name)}
    links = [
        {**link, "id": write.id, amount: like(link[amount], part)} for write, part in zip(made, parts, strict=True)
    ]
    write, sent = proof.create({**body, **shared, key: links})
    if write.id is not None and proof.described.has("get"):
        proof.held(sent, write.id)
    for (document, read), part in zip(before, parts, strict=True):
        after, again = proof.other(documents, document["id"])
        judge(Linked(case.id, case.platform, documents, documents, part, back, write.id, document, after, None,
                     (read, write.evidence.id, again)), "roundtrip.linked")  # fmt: skip


@pytest.mark.case("roundtrip.void")
def test_a_payment_is_voided(proof, drive, case):
    """A payment of this run that is made void is void when it is read. A platform may refuse that of some payments,
    and what else of a void payment changes is UNKNOWN: neither is judged."""
    made, _ = proof.create()
    update = drive.update(proof.name, made.id, sent := {"status": "void"})
    if update.status is not None and 400 <= update.status < 500:
        drive.inconclusive(f"{case.platform} refuses to void the payment: answered {update.status}")
    proof.written(update, "update", sent)
    proof.held(sent, made.id)


@pytest.mark.case("roundtrip.unapplied")
def test_a_credit_is_taken_back(proof, judge, drive, case):
    """A credit of this run that is applied to a document of this run and taken back leaves both as they were."""
    documents, memos, links, back = (case.params[name] for name in ("documents", "memos", "links", "back"))
    wrapper, memo_key, document_key = case.params["undoing"]
    made = drive.create(documents, drive.minimal_input(documents))
    if made.id is None:
        drive.inconclusive(f"there is no document: the create of {documents} is answered {made.status}")
    document, _ = proof.other(documents, made.id)
    sent = drive.minimal_input(memos)
    credit = drive.create(memos, sent | {name: document[name] for name in PARTY if name in sent and name in document})
    if credit.id is None:
        drive.inconclusive(f"there is no credit: the create of {memos} is answered {credit.status}")
    memo, _ = proof.other(memos, credit.id)
    body = drive.minimal_input()
    party = {name: document[name] for name in PARTY if name in body and document.get(name)}
    write, _ = proof.create({**body, **party, memo_key: credit.id, links: [{**body[links][0], "id": made.id}]})
    undone = drive.act(proof.name, "unapply", {wrapper: {memo_key: credit.id, document_key: made.id}})
    if undone.status == 404:
        drive.inconclusive(f"{case.platform} cannot take a credit back")
    answer = undone.body.get(wrapper) if isinstance(undone.body, dict) else None
    after, read = proof.other(documents, made.id)
    left, again = proof.other(memos, credit.id)
    amounts = {"amount_due": (document.get("amount_due"), after.get("amount_due")),
               "remaining_amount": (memo.get("remaining_amount"), left.get("remaining_amount"))}  # fmt: skip
    listed = tuple(link.get("id") for link in after.get(back) or () if isinstance(link, dict))
    judge(
        Unapplied(
            *proof.base, undone.status, answer.get("success") if isinstance(answer, dict) else None, credit.id, amounts,
            (document.get("status"), after.get("status")), listed, back,
            (write.evidence.id, *undone.evidence_ids, read, again),
        ),
        "roundtrip.unapplied",
    )  # fmt: skip
