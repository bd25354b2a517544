"""Arithmetic of documents and statements: what follows from what."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from harness.checks.paths import exact, values

Row = Mapping[str, Any]
Wrong = tuple[str, Decimal, Decimal]
"""(field, what follows, what is there)."""

SUMS: Mapping[str, tuple[str, str, str]] = {
    "bills": ("total_amount", "line_items[].total_amount", ""),
    "invoices": ("total_amount", "line_items[].total_amount", ""),
    "bill_credit_memos": ("total_amount", "line_items[].total_amount", ""),
    "invoice_credit_memos": ("total_amount", "line_items[].amount", ""),
    "expenses": ("total_amount", "line_items[].total_amount", ""),
    "sales_receipts": ("total_amount", "line_items[].total_amount", ""),
    "purchase_orders": ("total_amount", "line_items[].total_amount", ""),
    "sales_orders": ("total_amount", "line_items[].total_amount", ""),
    "customer_refunds": ("total_amount", "line_items[].total_amount", ""),
    "bill_payments": ("total_amount", "linked_bills[].allocated_amount", ""),
    "invoice_payments": ("total_amount", "linked_invoices[].amount", ""),
    "bank_deposits": ("total_amount", "line_items[].total_amount", "linked_payments[].payment_amount"),
}
"""Resource -> (total, what adds up to it, what adds to that). Source: [S24]; INFERRED that totals equal lines."""

MEMO_LINKS = {
    "bill_credit_memos": "linked_bills[].allocated_amount",
    "invoice_credit_memos": "linked_invoices[].allocated_amount",
}
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "balance_sheets": {"assets": "total_assets", "liabilities": "total_liabilities", "equity": "total_equity"},
    "income_statements": {"income": "total_income", "cost_of_sales": "total_cost_of_sales",
                          "expenses": "total_expenses"},
    "cash_flow_statements": {"operating_activities": "total_operating", "investing_activities": "total_investing",
                             "financing_activities": "total_financing"},
}  # fmt: skip
"""Statement -> its sections with the field that repeats their value. Source: [S24] schemas."""

IDENTITIES: Mapping[str, tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = {
    "balance_sheets": (("total_assets", ("total_liabilities", "total_equity"), ()),),
    "income_statements": (("gross_profit", ("total_income",), ("total_cost_of_sales",)),),
    "cash_flow_statements": (
        ("ending_balance", ("starting_balance", "total_operating", "total_investing", "total_financing"), ()),
    ),
}
"""Statement -> (field, what is added, what is taken away). INFERRED from bookkeeping."""

NOTHING = Decimal(0)


def wrong_sums(resource: str, row: Row) -> Iterator[Wrong]:
    """Where a document or statement does not add up. INFERRED from bookkeeping; a tax that is in no line may be
    added."""
    if resource == "journal_entries":
        balance = total_of(row, "line_items[].total_amount")
        if balance != 0:
            yield "line_items[].total_amount", NOTHING, balance
    yield from _total(resource, row)
    if resource in {"bills", "invoices"}:
        yield from _payable(row)
    if resource in MEMO_LINKS:
        yield from _memo(row, MEMO_LINKS[resource])
    for line in _lines(row):
        whole, net, tax = (exact(line.get(name)) for name in ("total_amount", "sub_total", "tax_amount"))
        if whole is not None and net is not None and tax is not None and net + tax not in {whole, whole + tax}:
            yield "line_items[].sub_total", whole - tax, net
    if resource in SECTIONS:
        yield from _statement(resource, row)


def _total(resource: str, row: Row) -> Iterator[Wrong]:
    rule = SUMS.get(resource)
    if rule is None:
        return
    path, lines, more = rule
    seen = exact(row.get(path))
    if seen is not None and (values(row, lines) or (more and values(row, more))):
        wanted = total_of(row, lines) + (total_of(row, more) if more else 0)
        tax, paid_tax = exact(row.get("tax_amount")) or NOTHING, total_of(row, "line_items[].tax_amount")
        off = _own_discount(row)
        if seen not in {wanted, wanted + tax - paid_tax, wanted - off, wanted - off + tax - paid_tax}:
            yield path, wanted - off, seen


def _own_discount(row: Row) -> Decimal:
    """What is taken off a whole document, beside what its lines say is taken off them. Whether a total is before or
    after it is UNKNOWN."""
    whole = exact(row.get("discount_amount")) or NOTHING
    return max(whole - total_of(row, "line_items[].discount_amount"), NOTHING)


def _payable(row: Row) -> Iterator[Wrong]:
    """What is due, and what tax adds to a net amount."""
    total, due = exact(row.get("total_amount")), exact(row.get("amount_due"))
    if total is not None and due is not None:
        paid = sum((total_of(row, f"{key}[].allocated_amount") for key in ("linked_payments", "linked_credit_memos")),
                   start=NOTHING)  # fmt: skip
        if due != total - paid:
            yield "amount_due", total - paid, due
    if row.get("status") == "paid" and due not in {None, 0}:
        yield "status", NOTHING, due or NOTHING
    if row.get("status") == "open" and due == 0 and total:
        yield "status", total, NOTHING
    net, tax = exact(row.get("sub_total")), exact(row.get("tax_amount"))
    off = _own_discount(row)
    if net is None or tax is None or total is None:
        return
    if net + tax not in {total, total + tax, total + off, total + off + tax}:
        lines = values(row, "line_items[].sub_total")
        blamed = "tax_amount" if lines and total_of(row, "line_items[].sub_total") == net else "sub_total"
        yield (blamed, total - net, tax) if blamed == "tax_amount" else (blamed, total - tax, net)


def _memo(row: Row, links: str) -> Iterator[Wrong]:
    """What is left of a credit is its total less what was applied."""
    total, left = exact(row.get("total_amount")), exact(row.get("remaining_amount"))
    if total is not None and left is not None and left != total - total_of(row, links):
        yield "remaining_amount", total - total_of(row, links), left


def _statement(resource: str, row: Row) -> Iterator[Wrong]:
    for section, repeated in SECTIONS[resource].items():
        node, seen = row.get(section), exact(row.get(repeated))
        value = exact(node.get("value")) if isinstance(node, Mapping) else None
        if value is not None and seen is not None and value != seen:
            yield repeated, value, seen
        yield from _tree(section, node)
    for name, added, taken in IDENTITIES[resource]:
        seen, parts = exact(row.get(name)), [exact(row.get(part)) for part in (*added, *taken)]
        if seen is None or any(part is None for part in parts):
            continue
        wanted = sum((part or NOTHING for part in parts[: len(added)]), start=NOTHING)
        wanted -= sum((part or NOTHING for part in parts[len(added) :]), start=NOTHING)
        if wanted != seen:
            yield name, wanted, seen


def breaks(resource: str, rows: Sequence[Row]) -> Iterator[tuple[int, str, Decimal, Decimal]]:
    """Where a cash flow statement does not begin with what the one of the month before ended with: (index of the row,
    field, what follows, what is there). Only statements of one currency that follow on each other are held together.
    INFERRED from bookkeeping."""
    if resource != "cash_flow_statements":
        return
    ends: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        last, balance = _day(row.get("end_date")), exact(row.get("ending_balance"))
        if last is not None and balance is not None:
            ends[(str(last + ONE_DAY), str(row.get("currency_code")))] = balance
    for index, row in enumerate(rows):
        start, balance = _day(row.get("start_date")), exact(row.get("starting_balance"))
        wanted = ends.get((str(start), str(row.get("currency_code"))))
        if wanted is not None and balance is not None and wanted != balance:
            yield index, "starting_balance", wanted, balance


ONE_DAY = timedelta(days=1)


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _tree(path: str, node: Any) -> Iterator[Wrong]:
    """A line of a statement is the sum of the lines under it."""
    items = values(node, "items[]") if isinstance(node, Mapping) else []
    if not items:
        return
    seen, wanted = exact(node.get("value")), total_of(node, "items[].value")
    if seen is not None and seen != wanted:
        yield f"{path}.value", wanted, seen
    for item in items:
        yield from _tree(f"{path}.items[]", item)


def _net_income(row: Row) -> tuple[bool, Decimal, Decimal] | None:
    gross, spent, net = (exact(row.get(name)) for name in ("gross_profit", "total_expenses", "net_income"))
    if gross is None or spent is None or net is None or not (gross or spent or net):
        return None  # a month in which nothing happened says nothing
    return net == gross - spent, gross - spent, net


def _order_total(row: Row) -> tuple[bool, Decimal, Decimal] | None:
    """The price of an order is that of its lines with shipping, with tax unless it is in the prices, less the discount
    unless it is."""
    total, lines = exact(row.get("total_price")), _lines(row)
    if total is None or not lines:
        return None
    items = sum(((exact(line.get("price")) or NOTHING) * (exact(line.get("quantity")) or NOTHING) for line in lines),
                start=NOTHING)  # fmt: skip
    tax, shipping, discount, free = (exact(row.get(f"total_{name}")) or NOTHING
                                     for name in ("tax", "shipping", "discount", "shipping_discount"))  # fmt: skip
    possible = {items + a - b for a, b in product((tax + shipping, shipping),
                                                  (discount + free, discount, free, NOTHING))}  # fmt: skip
    return total in possible, items + tax + shipping - discount, total


def _line_total(row: Row) -> tuple[bool, Decimal, Decimal] | None:
    """The amount of a line is quantity times price, before or after tax and discount."""
    told: tuple[bool, Decimal, Decimal] | None = None
    for line in _lines(row):
        held = line.get("item")
        item = held if isinstance(held, Mapping) else {}
        count, price = exact(item.get("quantity")), exact(item.get("unit_amount"))
        whole = exact(line.get("total_amount"))
        if count is None or price is None or whole is None:
            continue
        tax, off = exact(line.get("tax_amount")) or NOTHING, exact(line.get("discount_amount")) or NOTHING
        slack = max(Decimal("0.01"), abs(count) * Decimal("0.005"))
        near = any(abs(count * price - (whole - a + b)) <= slack for a, b in product((tax, NOTHING), (off, NOTHING)))
        told = (near, count * price, whole)
        if not near:
            return told
    return told


def _net_total(row: Row) -> tuple[bool, Decimal, Decimal] | None:
    """The net amount of a taxed document and its tax are its total."""
    total, net, tax = (exact(row.get(name)) for name in ("total_amount", "sub_total", "tax_amount"))
    if total is None or net is None or not tax:
        return None
    return net + tax == total, total - tax, net


USUALLY: Mapping[str, Callable[[Row], tuple[bool, Decimal, Decimal] | None]] = {
    "net_income": _net_income,
    "sub_total": _net_total,
    "total_price": _order_total,
    "line_items[].item.unit_amount": _line_total,
}
"""What holds of most rows and not of each: other income, tax in the prices, tips, bundles. (it holds, what follows,
what is there)."""


def _lines(row: Row) -> list[Mapping[str, Any]]:
    return [line for line in values(row, "line_items[]") if isinstance(line, Mapping)]


def total_of(row: Any, path: str) -> Decimal:
    """The sum of the amounts at `path`."""
    return sum((exact(item) or NOTHING for item in values(row, path)), start=NOTHING)
