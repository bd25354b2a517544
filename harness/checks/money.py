"""Amounts: exact numbers that add up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.checks.paths import MISSING, exact, places, short, values
from harness.checks.registry import Observation, Subject, check
from harness.contract import Resource

DIGITS: Mapping[str, int] = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3,
    "TND": 3,
}  # fmt: skip
"""Minor units where they are not two. Source: ISO 4217."""

TOTAL_OF = frozenset({"total_amount", "sub_total", "tax_amount", "amount_due", "allocated_amount", "remaining_amount"})
"""Amounts of money proper; prices and rates may have more places."""


@dataclass(frozen=True, slots=True)
class Amounts(Subject):
    """The rows of a whole list, for what amounts must be."""

    described: Resource
    rows: tuple[dict[str, Any], ...]
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AmountKept(Subject):
    """An amount that was sent, and what was read."""

    path: str
    sent: Any
    seen: Any
    where: str
    evidence: tuple[str, ...]


def _paths(subject: Amounts) -> Iterator[str]:
    for path in subject.described.money_fields:
        field = subject.described.fields.get(path)
        if field is not None and field.on(subject.platform) and not field.is_object and not field.is_array:
            yield path


@check("money.number")
def number(subject: Amounts) -> Iterator[Observation]:
    """An amount that the contract calls a number is a JSON number; one that it calls a text is a plain decimal text:
    no separators, no currency sign, no exponent. Source: [S24] types; strings were the form of 2023-02-07."""
    for path in _paths(subject):
        field = subject.described.fields[path]
        for index, row in enumerate(subject.rows):
            bad = [item for item in places(row, path) if item is not MISSING and item is not None
                   and not _fits(item, field.types)]  # fmt: skip
            if bad:
                yield Observation(f"{path} is no proper amount", " or ".join(sorted(field.types)), short(bad[0]), path,
                                  (subject.origins[index],))  # fmt: skip
                break


def _fits(value: Any, types: frozenset[str]) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return "string" in types and (value == "" or (exact(value) is not None and value.strip("-").replace(".", "", 1)
                                                      .isdigit()))  # fmt: skip
    return isinstance(value, (int, float)) and ("number" in types or "integer" in types or not types)


@check("money.minor_units")
def minor_units(subject: Amounts) -> Iterator[Observation]:
    """A total has no more decimals than its currency: none in yen, three in dinars, and no binary noise such as
    0.30000000000000004. Source: ISO 4217; INFERRED that totals are in minor units."""
    for path in _paths(subject):
        if path.rpartition(".")[2] not in TOTAL_OF:
            continue
        for index, row in enumerate(subject.rows):
            currency = row.get("currency_code")
            if currency is None:
                continue  # some platforms do not tell the currency of a document
            most = DIGITS.get(str(currency), 2)
            bad = [item for item in values(row, path) if _places(item) > most]
            if bad:
                yield Observation(f"{path} has more decimals than {currency}", f"at most {most}", short(bad[0]), path,
                                  (subject.origins[index],))  # fmt: skip
                break


def _places(value: Any) -> int:
    found = exact(value)
    exponent = found.normalize().as_tuple().exponent if found is not None else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


@check("money.currency")
def currency(subject: Amounts) -> Iterator[Observation]:
    """Currency codes are three capital letters. Source: ISO 4217, [S24] currency_code."""
    for path in ("currency_code", "line_items[].currency_code"):
        for index, row in enumerate(subject.rows):
            bad = [item for item in values(row, path)
                   if not (isinstance(item, str) and len(item) == 3 and item.isalpha() and item.isupper())]  # fmt: skip
            if bad:
                yield Observation(f"{path} is no ISO 4217 code", "three capital letters", short(bad[0]), path,
                                  (subject.origins[index],))  # fmt: skip
                break


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


@check("money.totals")
def totals(subject: Amounts) -> Iterator[Observation]:
    """A document's total is the sum of its lines; a journal's lines balance; what is due is the total less what was
    paid and credited. INFERRED from bookkeeping; a tax that is in no line may be added."""
    resource = subject.described.name
    told: set[str] = set()
    for index, row in enumerate(subject.rows):
        for path, wanted, seen in _wrong_sums(resource, row):
            if path not in told:
                told.add(path)
                yield Observation(f"{path} does not follow from the lines", str(wanted), str(seen), path,
                                  (subject.origins[index],))  # fmt: skip


def _wrong_sums(resource: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Decimal, Decimal]]:
    if resource == "journal_entries":
        balance = _sum(row, "line_items[].total_amount")
        if balance != 0:
            yield "line_items[].total_amount", Decimal(0), balance
        return
    rule = SUMS.get(resource)
    if rule is not None:
        path, lines, more = rule
        seen = exact(row.get(path))
        if seen is not None and (values(row, lines) or (more and values(row, more))):
            wanted = _sum(row, lines) + (_sum(row, more) if more else 0)
            tax, paid_tax = exact(row.get("tax_amount")) or Decimal(0), _sum(row, "line_items[].tax_amount")
            if seen not in {wanted, wanted + tax - paid_tax}:
                yield path, wanted, seen
    yield from _parts(resource, row)


def _parts(resource: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Decimal, Decimal]]:
    """What is due, and what tax adds to a net amount."""
    total = exact(row.get("total_amount"))
    due = exact(row.get("amount_due"))
    if resource in {"bills", "invoices"} and total is not None and due is not None:
        paid = sum((_sum(row, f"{key}[].allocated_amount") for key in ("linked_payments", "linked_credit_memos")),
                   start=Decimal(0))  # fmt: skip
        if due != total - paid:
            yield "amount_due", total - paid, due
    if resource in {"bills", "invoices"} and row.get("status") == "paid" and due not in {None, 0}:
        yield "status", Decimal(0), due or Decimal(0)
    if resource in {"bills", "invoices"} and row.get("status") == "open" and due == 0 and total:
        yield "status", total, Decimal(0)
    for line in values(row, "line_items[]"):
        whole, net, tax = (exact(line.get(name)) for name in ("total_amount", "sub_total", "tax_amount"))
        if whole is not None and net is not None and tax is not None and net + tax not in {whole, whole + tax}:
            yield "line_items[].sub_total", whole - tax, net
    net, tax = exact(row.get("sub_total")), exact(row.get("tax_amount"))
    if resource in {"bills", "invoices"} and None not in {net, tax, total} and net + tax not in {total, total + tax}:  # type: ignore[operator]
        yield "sub_total", total - tax, net  # type: ignore[operator, misc]


def _sum(row: Mapping[str, Any], path: str) -> Decimal:
    return sum((exact(item) or Decimal(0) for item in values(row, path)), start=Decimal(0))


@check("money.round_trip")
def round_trip(subject: AmountKept) -> Iterator[Observation]:
    """An amount that is sent is the amount that is read, to the last decimal: not rounded, not scaled, its sign kept.
    Source: [S24] amounts are JSON numbers; rounding rules are not published."""
    if exact(subject.seen) is None or exact(subject.seen) != exact(subject.sent):
        yield Observation(f"{subject.path} is not the amount that was sent, in {subject.where}", short(subject.sent),
                          short(subject.seen), subject.path, subject.evidence)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Linked(Subject):
    """A document before and after something was applied to it, and after that was taken back. `link` is the
    application's id; `back` where the document lists what was applied."""

    document: str
    amount: Decimal
    back: str
    link: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    restored: Mapping[str, Any] | None
    evidence: tuple[str, ...]


@check("roundtrip.linked")
def linked(subject: Linked) -> Iterator[Observation]:
    """A payment or credit shows on both sides: what is due goes down by exactly that amount, the document lists what
    was applied, and taking it back restores both. INFERRED from bookkeeping, [S24] linked_payments."""
    before, after = exact(subject.before.get("amount_due")), exact(subject.after.get("amount_due"))
    if before is not None and after != before - subject.amount:
        yield Observation("what is due does not go down by what was applied", str(before - subject.amount), str(after),
                          "amount_due", subject.evidence)  # fmt: skip
    links = subject.after.get(subject.back)
    if isinstance(links, list) and subject.back in subject.before:
        listed = [item for item in links if isinstance(item, Mapping) and item.get("id") == subject.link]
        if not listed:
            yield Observation(f"{subject.back} does not list what was applied", short(subject.link), short(links),
                              subject.back, subject.evidence)  # fmt: skip
        elif not any(exact(item.get("allocated_amount")) == subject.amount for item in listed):
            yield Observation(f"{subject.back} lists another amount", str(subject.amount),
                              short(listed[-1].get("allocated_amount")), f"{subject.back}[].allocated_amount",
                              subject.evidence)  # fmt: skip
    if subject.restored is not None and exact(subject.restored.get("amount_due")) != before:
        yield Observation("what is due is not restored when the payment is deleted", str(before),
                          short(subject.restored.get("amount_due")), "amount_due", subject.evidence)  # fmt: skip
