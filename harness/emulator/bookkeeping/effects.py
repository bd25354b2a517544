"""What a write does to other documents: a payment lowers what is due, and its removal restores it."""

from collections.abc import Mapping
from typing import Any

from harness.emulator.bookkeeping.amounts import exact, number
from harness.emulator.bookkeeping.derived import derive
from harness.emulator.bookkeeping.refusals import Lookup

Document = dict[str, Any]
PAYMENTS = {
    "bill_payments": ("bills", "linked_bills", "allocated_amount"),
    "invoice_payments": ("invoices", "linked_invoices", "amount"),
}


def effects(
    resource: str, document: Document | None, before: Document | None, lookup: Lookup
) -> list[tuple[str, Document]]:
    """The linked documents as they are after `before` became `document` (None: created or deleted)."""
    if resource not in PAYMENTS:
        return _unlinked(resource, before, lookup) if document is None and before is not None else []
    target, key, amount = PAYMENTS[resource]
    void = (document or {}).get("status") == "void"
    changed: dict[str, Document] = {}
    for source, sign in ((before, -1), (None if void else document, 1)):
        for link in (source or {}).get(key) or ():
            found = changed.get(link["id"]) or lookup(target, link["id"])
            if found is None or source is None:
                continue
            changed[link["id"]] = _relink(target, found, source, exact(link.get(amount)), sign)
    return [(target, found) for found in changed.values()]


LINKED = {
    "bills": (("linked_payments", "bill_payments", "linked_bills"),
              ("linked_credit_memos", "bill_credit_memos", "linked_bills")),
    "invoices": (("linked_payments", "invoice_payments", "linked_invoices"),
                 ("linked_payments", "invoice_credit_memos", "linked_invoices")),
    "bill_credit_memos": (("linked_bills", "bills", "linked_credit_memos"),),
    "invoice_credit_memos": (("linked_invoices", "invoices", "linked_payments"),),
}  # fmt: skip
"""What is deleted -> (its links, the documents they name, the links back): INFERRED that platforms undo both sides."""


def _unlinked(resource: str, gone: Document, lookup: Lookup) -> list[tuple[str, Document]]:
    """The documents that were linked to one that is deleted, without the link."""
    changed = []
    for own, target, back in LINKED.get(resource, ()):
        for link in gone.get(own) or ():
            found = lookup(target, link["id"])
            if found is not None:
                rest = [item for item in found.get(back) or () if item["id"] != gone["id"]]
                changed.append((target, derive(target, {**found, back: rest})))
    return changed


def apply_credit(body: Mapping[str, Any], lookup: Lookup) -> list[tuple[str, Document]]:
    """The memo and the documents after a credit was applied."""
    bills = "linked_bills" in body
    memo_id = body["bill_credit_memo_id" if bills else "invoice_credit_memo_id"]
    memos, targets, key = (
        ("bill_credit_memos", "bills", "linked_bills")
        if bills
        else ("invoice_credit_memos", "invoices", "linked_invoices")
    )
    memo = lookup(memos, memo_id)
    changed: list[tuple[str, Document]] = []
    if memo is None:
        return changed
    after = dict(memo)
    for link in body[key]:
        value = exact(link["allocated_amount"])
        shown = number(value) if bills else str(link["allocated_amount"])
        made = {"id": link["id"], "allocated_date": body["transaction_date"], "allocated_amount": shown}
        after[key] = [*(after.get(key) or ()), made]
        found = lookup(targets, link["id"])
        if found is not None and bills:
            linked = [*(found.get("linked_credit_memos") or ()), {**made, "id": memo_id}]
            changed.append((targets, derive(targets, {**found, "linked_credit_memos": linked})))
        elif found is not None:
            entry = {**made, "id": memo_id, "type": "INVOICE_CREDIT_MEMO", "allocated_amount": number(value)}
            changed.append((targets, derive(targets, {**found, "linked_payments": [*found["linked_payments"], entry]})))
    return [*changed, (memos, derive(memos, after))]


def _relink(target: str, found: Document, source: Document, value: Any, sign: int) -> Document:
    rest = [link for link in found.get("linked_payments") or () if link["id"] != source["id"]]
    if sign > 0:
        date = source.get("transaction_date") or source.get("txn_date")
        link = {"id": source["id"], "allocated_date": date, "allocated_amount": number(value)}
        rest.append({**link, "type": "INVOICE_PAYMENT"} if target == "invoices" else link)
    return derive(target, {**found, "linked_payments": rest})
