"""The seeded books of one platform: every readable resource, rows consistent with each other."""

from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from harness.contract import Contract
from harness.emulator.bookkeeping import amounts
from harness.emulator.bookkeeping.derived import derive
from harness.emulator.bookkeeping.generate import World, readable
from harness.emulator.bookkeeping.mirror import mirror_transactions
from harness.emulator.bookkeeping.recipes import document

Document = dict[str, Any]
Books = dict[str, list[Document]]
SPECIAL = frozenset({"transactions", "balance_sheets", "income_statements", "cash_flow_statements"})
"""Not generated: the first mirrors other documents, the statements are computed from them at each request."""


def dataset(contract: Contract, platform: str, *, seed: int, now: datetime) -> Books:
    """Documents by resource: deterministic for (platform, seed, now), valid against the contract, references resolve,
    lines add up to totals, payments and what they pay agree, journals balance."""
    world = World(contract, platform, seed, now)
    books: Books = {}
    for resource in contract.resources.values():
        if resource.domain_platforms is None or resource.schema_name is None or resource.name in SPECIAL:
            continue
        if resource.has("list") and readable(resource, platform):
            books[resource.name] = [document(world, resource, row) for row in range(world.count(resource.name))]
    _shape(books)
    _prices(books)
    _pay(books, "bills", "bill_payments")
    _pay(books, "invoices", "invoice_payments")
    _apply(books)
    for name, rows in books.items():
        for row in rows:
            derive(name, row)
    if readable(contract.resource("transactions"), platform):
        books["transactions"] = mirror_transactions(world, books)
    return books


def _shape(books: Books) -> None:
    """What the generator cannot know: account types, line sums, journals in balance, same-currency transfers."""
    for row, account in enumerate(books.get("accounts", ())):
        account["account_type"] = ACCOUNT_TYPES[row % len(ACCOUNT_TYPES)]
        code = account["currency_code"] = "USD" if row // len(ACCOUNT_TYPES) % 3 != 2 else "EUR"
        if account.get("balance") is not None:
            account["balance"] = amounts.number(amounts.amount(row, code))
        account["name"] = account.get("name") or f"Account {row}"
    for name in ("bills", "bill_credit_memos", "invoices"):
        for row, item in enumerate(books.get(name, ())):
            _lines(item, row)
    for name in ("expenses", "bank_deposits", "sales_receipts", "customer_refunds", "purchase_orders", "sales_orders"):
        for row, item in enumerate(books.get(name, ())):
            _plain_lines(item, row)
    accounts = books.get("accounts", [])
    for row, item in enumerate(books.get("invoice_credit_memos", ())):
        code = item["currency_code"] = amounts.currency(row)
        for index, line in enumerate(item["line_items"]):
            line["amount"] = amounts.text(amounts.amount(row + index, code), amounts.digits(code))
            if line.get("account_id") is not None and accounts:
                line["account_id"] = accounts[(row + index) % len(accounts)]["id"]
    for row, item in enumerate(books.get("journal_entries", ())):
        _journal(item, row)
    banks = [item["id"] for item in books.get("accounts", ()) if item["account_type"] == "bank"
             and item["currency_code"] == "USD"]  # fmt: skip
    for row, item in enumerate(books.get("bank_transfers", ())):
        item["currency_code"] = "USD"
        item["total_amount"] = amounts.number(amounts.amount(row, "USD"))
        if len(banks) > 1:
            item["credit_account_id"] = banks[row % len(banks)]
            item["debit_account_id"] = banks[(row + 1) % len(banks)]
    for row, item in enumerate(books.get("currencies", ())):
        item["currency_code"] = ("USD", "EUR", "JPY", "KWD", "GBP", "BHD", "CHF", "CAD", "AUD", "INR")[row % 10]


def _prices(books: Books) -> None:
    """Tax, shipping and discount of orders: no two alike, or a sum that leaves one out would still be right."""
    for row, item in enumerate(books.get("orders", ())):
        item["total_tax"], item["total_shipping"], item["total_discount"] = 10 + row % 9, 5 + row % 4, row % 3
        if "total_shipping_discount" in item:
            item["total_shipping_discount"] = 0


def _lines(item: Document, row: int) -> None:
    """Lines with net, tax and gross; every third document is taxed."""
    code = item["currency_code"] = amounts.currency(row)
    step = Decimal(1).scaleb(-amounts.digits(code))
    for index, line in enumerate(item["line_items"]):
        net = amounts.amount(row + index * 3, code)
        tax = (net / 10).quantize(step, ROUND_DOWN) if row % 3 == 0 else Decimal(0)
        line["sub_total"], line["tax_amount"] = amounts.number(net), amounts.number(tax)
        line["total_amount"] = amounts.number(net + tax)
        line["discount_amount"] = 0
        line["discount_percentage"] = 0
        inner = line.get("item")
        if isinstance(inner, dict):
            inner["quantity"], inner["unit_amount"] = 1, amounts.number(net)


def _plain_lines(item: Document, row: int) -> None:
    code = amounts.currency(row) if item.get("currency_code") is not None else "USD"
    if item.get("currency_code") is not None:
        item["currency_code"] = code
    for index, line in enumerate(item["line_items"]):
        value = amounts.amount(row + index * 3, code)
        line["total_amount"] = amounts.number(value)
        inner = line.get("item")
        if isinstance(inner, dict):
            inner["quantity"], inner["unit_amount"] = 1, amounts.number(value)


def _journal(item: Document, row: int) -> None:
    code = item["currency_code"] = amounts.currency(row)
    lines = item["line_items"]
    if len(lines) == 1:
        lines.append({**lines[0]})
    values = [amounts.amount(row + index, code) for index in range(len(lines) - 1)]
    for line, value in zip(lines, [*values, -sum(values, Decimal(0))], strict=True):
        line["total_amount"] = amounts.number(value)


def _pay(books: Books, payable: str, payment: str) -> None:
    """Every second document is paid by one payment: in full, or by half in its currency's smallest unit."""
    targets, payments = books.get(payable, []), books.get(payment, [])
    party = "vendor_id" if payable == "bills" else "customer_id"
    for row, paid in enumerate(payments):
        if row * 2 >= len(targets):
            paid["linked_bills" if payable == "bills" else "linked_invoices"] = []
            if payable == "invoices":
                paid["total_amount"] = "0.00"
            continue
        target = targets[row * 2]
        code = target["currency_code"]
        value = amounts.total(line["total_amount"] for line in target["line_items"])
        if row % 2:
            value = (value / 2).quantize(Decimal(1).scaleb(-amounts.digits(code)), ROUND_DOWN)
        paid["currency_code"] = code
        paid[party] = target[party]
        date = paid.get("transaction_date") or paid.get("txn_date")
        link = {"id": paid["id"], "allocated_date": date, "allocated_amount": amounts.number(value)}
        if payable == "bills":
            paid["linked_bills"] = [{**link, "id": target["id"]}]
        else:
            link["type"] = "INVOICE_PAYMENT"
            shown = amounts.text(value, amounts.digits(code))
            paid["linked_invoices"] = [{"id": target["id"], "allocated_at": date, "amount": shown}]
        target["linked_payments"] = [link]


def _apply(books: Books) -> None:
    """Credit memos in hand: one of three belongs to the vendor or customer of a document that is still due."""
    for memos, payables, party in (
        ("bill_credit_memos", "bills", "vendor_id"),
        ("invoice_credit_memos", "invoices", "customer_id"),
    ):
        targets = books.get(payables, [])
        for row, memo in enumerate(books.get(memos, ())):
            if memos == "bill_credit_memos":
                memo["status"] = "open"
            if row * 2 + 1 < len(targets):
                target = targets[row * 2 + 1]
                if target["currency_code"] == memo.get("currency_code"):
                    memo[party] = target[party]


ACCOUNT_TYPES = (
    "bank", "expense", "income", "accounts_payable", "accounts_receivable", "credit_card", "fixed_asset", "equity",
    "other_current_asset", "liability", "other_expense", "other_income", "cost_of_goods_sold",
    "other_current_liability", "long_term_liability", "other_asset", "non_posting",
)  # fmt: skip
