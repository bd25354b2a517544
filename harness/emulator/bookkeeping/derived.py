"""Values that follow from others: line and document totals, what is due, statuses."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from harness.emulator.bookkeeping.amounts import digits, exact, number, text, total

Document = dict[str, Any]
MOST_PIECES = 5
A_MILLION = 1_000_000


def derive(resource: str, document: Document) -> Document:
    """The document with everything that follows from its lines and links; itself when nothing does."""
    rule = RULES.get(resource)
    if rule is not None:
        rule(document)
    return document


def _lines(document: Document) -> list[Document]:
    return document.get("line_items") or []


def _payable(document: Document) -> None:
    """Bills and invoices: lines add up, links lower what is due."""
    lines = _lines(document)
    off = own_discount(document)
    document["total_amount"] = number(total(line.get("total_amount") for line in lines) - off)
    document["sub_total"] = number(total(line.get("sub_total") for line in lines) - off)
    document["tax_amount"] = number(total(line.get("tax_amount") for line in lines))
    for name in ("total_discount", "discount_amount"):
        if name in document:
            document[name] = number(total(line.get("discount_amount") for line in lines) + off)
    links = (*(document.get("linked_payments") or ()), *(document.get("linked_credit_memos") or ()))
    paid = total(link.get("allocated_amount") for link in links)
    due = exact(document["total_amount"]) - paid
    document["amount_due"] = number(due)
    if document.get("status") in {"open", "partially_paid", "paid", "void", "draft", "unknown", None} or paid:
        document["status"] = "paid" if paid and due == 0 else "partially_paid" if paid else _unpaid(document)


def discounted(resource: str, document: Document, body: Mapping[str, Any]) -> None:
    """Keep what a write takes off a whole invoice or receipt, in the platform's own record."""
    sent = (body.get("additional_fields") or {}).get("discount_amount")
    if resource in {"invoices", "sales_receipts"} and sent is not None:
        document["platform_data"] = {**(document.get("platform_data") or {}), "DiscountAmt": sent}


def own_discount(document: Mapping[str, Any]) -> Decimal:
    """What is taken off the whole of a document, beside what is taken off its lines. INFERRED that it lowers the net
    amount and with it the total."""
    return exact((document.get("platform_data") or {}).get("DiscountAmt"))


def _unpaid(document: Document) -> str:
    kept = document.get("status")
    return kept if kept in {"draft", "open"} else "open"


def split_line(line: Document) -> None:
    """A sent line has a total; without tax the rest follows from it. A line of quantity and price has their product."""
    item = line.get("item")
    if line.get("total_amount") is None and isinstance(item, dict) and item.get("quantity") is not None:
        line["total_amount"] = number(exact(item["quantity"]) * exact(item.get("unit_amount")))
    if "sub_total" in line:
        line["sub_total"] = number(exact(line.get("total_amount")) - exact(line.get("tax_amount")))
    if "tax_amount" in line and line["tax_amount"] is None:
        line["tax_amount"] = 0


def _memo(document: Document) -> None:
    document["total_amount"] = number(total(line.get("total_amount") for line in _lines(document)))
    used = total(link.get("allocated_amount") for link in document.get("linked_bills") or ())
    left = exact(document["total_amount"]) - used
    document["remaining_amount"] = number(left)
    kept = document.get("status") if document.get("status") in {"draft", "submitted"} else "open"
    document["status"] = "paid" if used and left == 0 else "partially_paid" if used else kept


def _invoice_memo(document: Document) -> None:
    places = digits(document.get("currency_code"))
    value = total(line.get("amount") for line in _lines(document))
    used = total(link.get("allocated_amount") for link in document.get("linked_invoices") or ())
    document["total_amount"] = text(value, places)
    document["remaining_amount"] = text(value - used, places)
    document["status"] = "APPLIED" if used and used == value else "OPEN"


def _deposit(document: Document) -> None:
    lines = total(line.get("total_amount") for line in _lines(document))
    linked = total(link.get("payment_amount") for link in document.get("linked_payments") or ())
    document["total_amount"] = number(lines + linked)


def _bill_payment(document: Document) -> None:
    document["total_amount"] = number(
        total(link.get("allocated_amount") for link in document.get("linked_bills") or ())
    )


def _invoice_payment(document: Document) -> None:
    value = total(link.get("amount") for link in document.get("linked_invoices") or ())
    if document.get("linked_invoices"):
        document["total_amount"] = text(value, digits(document.get("currency_code")))


def _order(document: Document) -> None:
    for line in _lines(document):
        item = line.get("item")
        if isinstance(item, dict):
            value = exact(item.get("quantity")) * exact(item.get("unit_amount"))
            line["total_amount"] = number(round(value, digits(document.get("currency_code"))))
    _plain_total(document)
    if "total_quantity" in document:
        document["total_quantity"] = number(
            total((line.get("item") or {}).get("quantity") for line in _lines(document))
        )


def _plain_total(document: Document) -> None:
    document["total_amount"] = number(total(line.get("total_amount") for line in _lines(document)))


def _refund(document: Document) -> None:
    _plain_total(document)
    if document.get("tax_amount") is not None:
        document["tax_amount"] = 0


def _receipt(document: Document) -> None:
    _plain_total(document)
    off = own_discount(document)
    if off:
        document["discount_amount"] = number(off)
        document["total_amount"] = number(exact(document["total_amount"]) - off)
    if "amount_due" in document:
        document["amount_due"] = 0


def _shop_order(document: Document) -> None:
    """The lines of an order with tax and shipping, less the discount, are its price; whole pieces are sold."""
    for line in _lines(document):
        count = exact(line.get("quantity"))
        whole = count == int(count) and 0 < count < A_MILLION
        line["quantity"] = int(count) if whole else 1 + int(count) % MOST_PIECES
    items = total(exact(line.get("price")) * exact(line.get("quantity")) for line in _lines(document))
    if "total_line_items_price" in document:
        document["total_line_items_price"] = number(items)
    more = total(document.get(name) for name in ("total_tax", "total_shipping"))
    document["total_price"] = number(items + more - exact(document.get("total_discount")))


def _account(document: Document) -> None:
    document["category"] = CATEGORIES.get(document.get("account_type") or "", "unknown")


def _journal(document: Document) -> None:
    """Nothing follows; a journal is checked for balance, not made to balance."""


CATEGORIES: Mapping[str, str] = {
    "accounts_payable": "liability", "accounts_receivable": "asset", "bank": "asset", "fixed_asset": "asset",
    "other_asset": "asset", "other_current_asset": "asset", "liability": "liability", "equity": "equity",
    "expense": "expense", "other_expense": "expense", "income": "income", "other_income": "income",
    "credit_card": "liability", "cost_of_goods_sold": "expense", "other_current_liability": "liability",
    "long_term_liability": "liability", "non_posting": "nonposting",
}  # fmt: skip
"""INFERRED: the category of an account follows from its type."""

RULES: Mapping[str, Callable[[Document], None]] = {
    "accounts": _account,
    "bills": _payable,
    "invoices": _payable,
    "bill_credit_memos": _memo,
    "invoice_credit_memos": _invoice_memo,
    "bank_deposits": _deposit,
    "bill_payments": _bill_payment,
    "invoice_payments": _invoice_payment,
    "purchase_orders": _order,
    "sales_orders": _order,
    "sales_receipts": _receipt,
    "customer_refunds": _refund,
    "journal_entries": _journal,
    "orders": _shop_order,
}


def balance(document: Document) -> Decimal:
    """The sum of a journal's lines: zero when debits equal credits. Source: [S24], positive is debit."""
    return total(line.get("total_amount") for line in _lines(document))
