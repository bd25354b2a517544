"""What is applied to other documents: payments and credits show on both sides, and are given back."""

import pytest

from harness.checks.money import Drawn, Linked, Settled
from harness.checks.oracle import VOLATILE
from harness.checks.paths import exact
from harness.checks.writes import Untouched
from harness.plan.inputs import like

PAID = VOLATILE | {"amount_due", "status", "linked_payments", "linked_credit_memos"}
"""What a payment or a credit may change of the document that it is for."""


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
    """Paying exactly what is due makes a document paid; paying more is refused, or takes no more than is due; deleting
    the payment makes the document what it was."""
    documents, key, amount = (case.params[name] for name in ("documents", "links", "amount"))
    made = drive.create(documents, drive.minimal_input(documents))
    if made.id is None:
        drive.inconclusive(f"there is no document to pay: the create of {documents} is answered {made.status}")
    before, first_read = proof.other(documents, made.id)
    due, body = exact(before.get("amount_due")), drive.minimal_input()
    if not due or due < 0:
        drive.inconclusive(f"nothing is due of a new document of {documents}")
    shared = {
        name: before[name] for name in body if before.get(name) and (name.startswith(("vendor", "customer", "curr")))
    }

    def paying(value):
        link = body[key][0]
        return {**body, **shared, key: [{**link, "id": made.id, amount: like(link[amount], value)}]}

    more = drive.create(proof.name, paying(due + 100))
    proof.note(more)
    if more.ok:
        over, read = proof.other(documents, made.id)
        judge(Settled(*proof.base, before, over, due + 100, None, (more.evidence.id, read)), "roundtrip.paid_off")
        drive.inconclusive("the platform takes more than is due")
    write, _ = proof.create(paying(due))
    after, second = proof.other(documents, made.id)
    restored = third = None
    if proof.requirement.delete:
        drive.delete(proof.name, write.id)
        restored, third = proof.other(documents, made.id)
    evidence = tuple(id for id in (first_read, write.evidence.id, second, third) if id)
    judge(Settled(case.id, case.platform, documents, before, after, due, restored, evidence), "roundtrip.paid_off")
    judge(Untouched(case.id, case.platform, documents, before, after, PAID, "the document after it was paid", evidence),
          "roundtrip.untouched")  # fmt: skip
