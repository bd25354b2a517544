"""Credits taken back: the memo and the document are as they were before the application."""

from typing import Any

from harness.emulator.bookkeeping import Refused
from harness.emulator.bookkeeping.derived import derive
from harness.emulator.operations.registry import Call, Document, writes
from harness.emulator.validity import checked_mode
from harness.emulator.writing import Act

ABOUT = "the shape is known [S24]; that both sides are restored is inferred"
SIDES = {
    "bill_credit_applications": ("bill_credit_unapplication", "bill_credit_memos", "bill_credit_memo_id",
                                 "linked_bills", "bills", "bill_id", "linked_credit_memos"),
    "invoice_credit_applications": ("invoice_credit_unapplication", "invoice_credit_memos", "invoice_credit_memo_id",
                                    "linked_invoices", "invoices", "invoice_id", "linked_payments"),
}  # fmt: skip
"""Resource -> wrapper, memos, their id in the body, their links, documents, their id in the body, their links."""


def _unapply(call: Call) -> Act:
    body = call.sent()
    checked_mode(body)
    wrapper, memos, memo_id, links, documents, document_id, back = SIDES[call.resource.name]
    sent = body[wrapper]

    def act() -> Any:
        memo, document = _row(call, memos, sent[memo_id]), _row(call, documents, sent[document_id])
        if not any(link["id"] == document["id"] for link in memo.get(links) or ()):
            raise Refused("The credit memo is not applied to this document.")
        for resource, row, key, other in ((memos, memo, links, document), (documents, document, back, memo)):
            rest = [link for link in row.get(key) or () if link["id"] != other["id"]]
            moment = call.moment
            call.put(resource, {**derive(resource, {**row, key: rest}), "updated_at": moment, "last_synced_at": moment})
        return {wrapper: {"success": True}}

    return act


def _row(call: Call, resource: str, id: str) -> Document:
    row = call.api.store.get(call.connection["id"], resource, id)
    if row is None:
        raise Refused(f"There is no row of {resource} with id {id}.")
    return row.document


for _name in SIDES:
    writes(_name, "unapply", fidelity="documentation", about=ABOUT)(_unapply)
