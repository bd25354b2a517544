"""Amounts: exact numbers that add up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.checks.currencies import CODES, DIGITS
from harness.checks.paths import MISSING, exact, places, short, values
from harness.checks.registry import Observation, Subject, check
from harness.checks.sums import USUALLY, breaks, wrong_sums
from harness.contract import Resource

TOTAL_OF = frozenset(
    {"total_amount", "sub_total", "tax_amount", "amount_due", "allocated_amount", "remaining_amount", "total_price",
     "total_tax", "total_shipping", "total_discount", "amount", "payment_amount", "balance"}
)  # fmt: skip
"""Amounts of money proper; prices and rates may have more places."""

LEAST_ROWS = 5
"""Fewer rows say nothing of what is usual."""

NOISE = 16
"""A number of so many digits is what binary arithmetic made of a shorter one."""


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
    """A total has no more decimals than its currency: none in yen, three in dinars; and no amount or price carries
    binary noise such as 0.30000000000000004. Source: ISO 4217; INFERRED that totals are in minor units."""
    for path in _paths(subject):
        proper = path.rpartition(".")[2] in TOTAL_OF
        for index, row in enumerate(subject.rows):
            currency = next((row[name] for name in ("currency_code", "iso_currency_code") if row.get(name)), None)
            most = DIGITS.get(str(currency), 2)
            held = values(row, path)
            # Some platforms do not tell the currency of a document.
            bad = [item for item in held if proper and currency is not None and _places(item) > most]
            noisy = [item for item in held if isinstance(item, float) and len(repr(item)) > NOISE
                     and len(repr(item).strip("-0.").replace(".", "")) >= NOISE]  # fmt: skip
            if bad or noisy:
                wanted = f"at most {most} decimals of {currency}" if bad else "no binary noise"
                told = f"{path} has more decimals than {currency}" if bad else f"{path} carries binary noise"
                yield Observation(told, wanted, short((bad or noisy)[0]), path, (subject.origins[index],))
                break


def _places(value: Any) -> int:
    found = exact(value)
    exponent = found.normalize().as_tuple().exponent if found is not None else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


@check("money.currency")
def currency(subject: Amounts) -> Iterator[Observation]:
    """Currency codes are three capital letters, and those of a currency: a document in a currency that does not exist
    cannot be booked. Source: ISO 4217, [S24] currency_code."""
    for path in currency_fields(subject.described):
        for index, row in enumerate(subject.rows):
            bad = [item for item in values(row, path) if not (isinstance(item, str) and item in CODES)]
            if bad:
                yield Observation(f"{path} is no ISO 4217 code", "three capital letters of a currency", short(bad[0]),
                                  path, (subject.origins[index],))  # fmt: skip
                break


def currency_fields(described: Resource) -> list[str]:
    """Where a resource names currencies. Source: [S24] x-iso4217 and names."""
    return [
        path if not field.is_array else f"{path}[]"
        for path, field in described.fields.items()
        if (field.iso4217 or field.name in _CURRENCIES) and not field.is_object
    ]


_CURRENCIES = frozenset({"currency_code", "currency_codes", "iso_currency_code", "default_currency"})


@check("money.totals")
def totals(subject: Amounts) -> Iterator[Observation]:
    """A document's total is the sum of its lines; a journal's lines balance; what is due is the total less what was
    paid and credited; statements add up and balance, and each begins where the one before ended. INFERRED from
    bookkeeping; a tax in no line may be added."""
    resource = subject.described.name
    told: set[str] = set()
    for index, row in enumerate(subject.rows):
        for path, wanted, seen in wrong_sums(resource, row):
            if path not in told:
                told.add(path)
                yield Observation(f"{path} does not follow from the lines", str(wanted), str(seen), path,
                                  (subject.origins[index],))  # fmt: skip
    for index, path, wanted, seen in breaks(resource, subject.rows):
        yield Observation(f"{path} is not where the month before ended", str(wanted), str(seen), path,
                          (subject.origins[index],))  # fmt: skip
        return


@check("money.usual_sums")
def usual_sums(subject: Amounts) -> Iterator[Observation]:
    """What follows from other amounts with exceptions (net income from gross profit and expenses, a net amount from
    total and tax, the price of an order from its lines, the amount of a line from quantity and price) follows in at
    least half of the customer's rows. INFERRED from bookkeeping: other income, tax in prices, tips and bundles are the
    exceptions."""
    for path, rule in USUALLY.items():
        told = [(index, found) for index, row in enumerate(subject.rows) if (found := rule(row)) is not None]
        wrong = [(index, wanted, seen) for index, (holds, wanted, seen) in told if not holds]
        if len(told) >= LEAST_ROWS and len(wrong) * 2 > len(told):
            index, wanted, seen = wrong[0]
            yield Observation(f"{path} does not follow in {len(wrong)} of {len(told)} rows", str(wanted), str(seen),
                              path, (subject.origins[index],))  # fmt: skip


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
    held = subject.restored.get(subject.back) if subject.restored is not None else None
    if (
        subject.link is not None
        and isinstance(held, list)
        and any(isinstance(item, Mapping) and item.get("id") == subject.link for item in held)
    ):
        yield Observation(f"{subject.back} still lists a payment that was deleted", "without it", short(subject.link),
                          subject.back, subject.evidence)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn(Subject):
    """A credit memo before and after some of it was applied."""

    amount: Decimal
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    evidence: tuple[str, ...]


@check("roundtrip.drawn")
def drawn(subject: Drawn) -> Iterator[Observation]:
    """What is left of a credit memo goes down by exactly what was applied of it. INFERRED from bookkeeping, [S24]
    remaining_amount."""
    before, after = exact(subject.before.get("remaining_amount")), exact(subject.after.get("remaining_amount"))
    if before is not None and after != before - subject.amount:
        yield Observation("what is left of the credit does not go down by what was applied",
                          str(before - subject.amount), str(after), "remaining_amount", subject.evidence)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settled(Subject):
    """A document before and after `paid` was paid of it, and after that payment was deleted (None: it was not). `back`
    is where it lists its payments, of which `links` must be there."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    paid: Decimal
    restored: Mapping[str, Any] | None
    evidence: tuple[str, ...]
    back: str = ""
    links: frozenset[str] = frozenset()


@check("roundtrip.paid_off")
def paid_off(subject: Settled) -> Iterator[Observation]:
    """A document of which all is paid is `paid`, nothing is due, and all payments are listed; no payment takes more
    than is due; when a payment is deleted the document has its status back. INFERRED from bookkeeping, [S24] status
    and amount_due."""
    owed, left = exact(subject.before.get("amount_due")), exact(subject.after.get("amount_due"))
    wanted = max(Decimal(0), (owed or Decimal(0)) - subject.paid)
    if owed is not None and left != wanted:
        yield Observation("what is due is wrong after everything was paid", str(wanted), str(left), "amount_due",
                          subject.evidence)  # fmt: skip
    elif wanted == 0 and "status" in subject.after and subject.after["status"] != "paid":
        yield Observation("a document of which nothing is due is not paid", "paid", short(subject.after["status"]),
                          "status", subject.evidence)  # fmt: skip
    listed = subject.after.get(subject.back)
    lost = subject.links - {str(link.get("id")) for link in listed if isinstance(link, Mapping)} if listed else set()
    if lost:
        yield Observation("a document does not list all of its payments", f"{len(subject.links)} of this run",
                          f"without {short(min(lost))}", subject.back, subject.evidence)  # fmt: skip
    restored = subject.restored
    for name in ("amount_due", "status") if restored is not None else ():
        if restored is not None and restored.get(name) != subject.before.get(name):
            yield Observation(f"{name} is not restored when the payment is deleted", short(subject.before.get(name)),
                              short(restored.get(name)), name, subject.evidence)  # fmt: skip
