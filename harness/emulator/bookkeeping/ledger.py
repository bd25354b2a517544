"""The ledger: what every document of the books posts to which account, in the currency of the books.

Positive is debit, negative credit, and the lines of a posting add up to nothing, so whatever is summed over whole
postings balances. Source: double entry; [S24] on the signs of journal lines. Which account a document posts to where it
names none, and the conversion by the document's own rate, are INFERRED.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from harness.emulator.bookkeeping.amounts import exact, total
from harness.emulator.bookkeeping.derived import own_discount

Document = Mapping[str, Any]
Rows = Callable[[str], list[dict[str, Any]]]
Sums = Mapping[str, Decimal]
CENT = Decimal("0.01")
NOTHING, ONE = Decimal(0), Decimal(1)
WIDE = Context(prec=80)
"""Holds the product of any amount and rate, with its cents."""
DEAREST = Decimal(1_000_000)
"""No currency is worth so much of another: a rate beyond it is none."""
BASE = "USD"


@dataclass(frozen=True, slots=True)
class Posting:
    """What one document does. `day` is YYYY-MM-DD; `lines` are (account id or a word for it, amount)."""

    day: str
    lines: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind of document posts: its lines to their accounts with `sign`, the rest to the account of `counter`.

    Words in place of an account (`accounts_payable`) are account types: the first account of that type, or the word
    itself where the books have none.
    """

    sign: int
    counter: str
    line: str
    date: str
    amount: str = "total_amount"
    links: str | None = None


RULES: Mapping[str, Rule] = {
    "bills": Rule(1, "accounts_payable", "expense", "issue_date"),
    "bill_credit_memos": Rule(-1, "accounts_payable", "expense", "issue_date"),
    "expenses": Rule(1, "bank", "expense", "transaction_date"),
    "invoices": Rule(-1, "accounts_receivable", "income", "issue_date"),
    "invoice_credit_memos": Rule(1, "accounts_receivable", "income", "issue_date", amount="amount"),
    "sales_receipts": Rule(-1, "bank", "income", "issue_date"),
    "customer_refunds": Rule(1, "bank", "income", "transaction_date"),
    "bank_deposits": Rule(-1, "bank", "income", "transaction_date"),
    "journal_entries": Rule(1, "equity", "equity", "transaction_date"),
}
PAYMENTS: Mapping[str, tuple[str, int]] = {"bill_payments": ("accounts_payable", 1),
                                           "invoice_payments": ("accounts_receivable", -1)}  # fmt: skip
READ = ("accounts", *RULES, *PAYMENTS, "bank_transfers")
OWN_ACCOUNT = frozenset({"expenses", "bills", "bill_credit_memos", "invoices", "invoice_credit_memos", "bank_deposits",
                         "sales_receipts", "customer_refunds"})  # fmt: skip


class Ledger:
    """The postings of one connection, the accounts they name, and what each month moved, added up once."""

    def __init__(self, rows: Rows) -> None:
        self.accounts: dict[str, dict[str, Any]] = {row["id"]: row for row in rows("accounts")}
        self._first: dict[str, str] = {}
        for id, row in self.accounts.items():
            self._first.setdefault(str(row.get("account_type")), id)
        self._months: dict[str, list[Posting]] = {}
        for posting in sorted(self._all(rows), key=lambda posting: posting.day):
            self._months.setdefault(posting.day[:7], []).append(posting)
        self._moved = {month: _sums({}, postings) for month, postings in self._months.items()}
        self._stood: dict[str, Sums] = {}
        balances: Sums = {}
        for month, postings in self._months.items():
            self._stood[month] = balances = _sums(balances, postings)
        self._known = sorted(self._months)

    def within(self, month: str) -> list[Posting]:
        """The postings of a month (YYYY-MM), by day."""
        return self._months.get(month, [])

    def moved(self, month: str) -> Sums:
        """Debits less credits by account within a month."""
        return self._moved.get(month, {})

    def standing(self, month: str) -> Sums:
        """Debits less credits by account, of everything until the end of a month."""
        return self._last(bisect_right(self._known, month))

    def before(self, month: str) -> Sums:
        """Debits less credits by account, of everything before a month."""
        return self._last(bisect_left(self._known, month))

    def _last(self, count: int) -> Sums:
        return self._stood[self._known[count - 1]] if count else {}

    def kind(self, account: str) -> str:
        """The account type of an account; the word itself for one that the books do not have."""
        found = self.accounts.get(account)
        return str(found.get("account_type")) if found else account

    def name(self, account: str) -> str:
        """What the account is called."""
        found = self.accounts.get(account)
        return str(found.get("name")) if found else account.replace("_", " ").capitalize()

    def _all(self, rows: Rows) -> Iterator[Posting]:
        for resource, rule in RULES.items():
            for row in rows(resource):
                yield from self._lined(resource, row, rule)
        for resource, (counter, sign) in PAYMENTS.items():
            for row in rows(resource):
                yield from self._payment(row, counter, sign)
        for row in rows("bank_transfers"):
            value = _converted(row, row.get("total_amount"))
            ends = ((self._named(row.get("debit_account_id"), "bank"), value),
                    (self._named(row.get("credit_account_id"), "bank"), -value))  # fmt: skip
            yield from _posting(row.get("transaction_date"), ends)

    def _lined(self, resource: str, row: Document, rule: Rule) -> Iterator[Posting]:
        if row.get("status") in {"void", "draft"}:
            return
        lines = [
            (self._named(line.get("account_id"), rule.line), rule.sign * _converted(row, line.get(rule.amount)))
            for line in row.get("line_items") or ()
        ]
        lines.append((self._named(None, rule.line), -rule.sign * _converted(row, own_discount(row))))
        own = row.get("account_id") if resource in OWN_ACCOUNT else None
        rest = -total(value for _, value in lines)
        yield from _posting(row.get(rule.date) or row.get("txn_date"), (*lines, (self._named(own, rule.counter), rest)))

    def _payment(self, row: Document, counter: str, sign: int) -> Iterator[Posting]:
        if row.get("status") == "void":
            return
        value = sign * _converted(row, row.get("total_amount"))
        ends = ((self._first.get(counter, counter), value), (self._named(row.get("account_id"), "bank"), -value))
        yield from _posting(row.get("transaction_date") or row.get("txn_date"), ends)

    def _named(self, account: Any, otherwise: str) -> str:
        if isinstance(account, str) and account in self.accounts:
            return account
        return self._first.get(otherwise, otherwise)


class Ledgers:
    """The ledger of each connection, made anew when one of the lists that it is made from is another than before.

    `lists(connection, resource)` gives the stored rows, and the same list object as long as nothing in it changed.
    """

    def __init__(self, lists: Callable[[str, str], list[Any]]) -> None:
        self._lists = lists
        self._made: dict[str, tuple[list[list[Any]], Ledger]] = {}

    def of(self, connection: str) -> Ledger:
        """The ledger of a connection as its documents stand."""
        found = {resource: self._lists(connection, resource) for resource in READ}
        lists, made = self._made.get(connection, ([], None))
        if made is None or any(old is not new for old, new in zip(lists, found.values(), strict=True)):
            made = Ledger(lambda resource: [row.document for row in found[resource]])
            self._made[connection] = (list(found.values()), made)
        return made


def _sums(start: Sums, postings: Iterable[Posting]) -> Sums:
    found = dict(start)
    for posting in postings:
        for account, value in posting.lines:
            found[account] = found.get(account, NOTHING) + value
    return found


def _posting(day: Any, lines: tuple[tuple[str, Decimal], ...]) -> Iterator[Posting]:
    if isinstance(day, str) and any(value for _, value in lines):
        yield Posting(day[:10], lines)


def _converted(row: Document, value: Any) -> Decimal:
    """An amount in the currency of the books."""
    rate = exact(row.get("currency_rate"))
    foreign = row.get("currency_code") not in {None, BASE}
    return WIDE.multiply(exact(value), rate if foreign and 0 < rate < DEAREST else ONE).quantize(CENT, context=WIDE)
