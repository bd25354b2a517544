"""The ledger: what every document of the books posts to which account, in the currency of the books.

Positive is debit, negative credit, and the lines of a posting add up to nothing, so whatever is summed over whole
postings balances. Source: double entry; [S24] on the signs of journal lines. Which account a document posts to where it
names none, and the conversion by the document's own rate, are INFERRED.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.emulator.bookkeeping.amounts import exact, total

Document = Mapping[str, Any]
Rows = Callable[[str], list[dict[str, Any]]]
CENT = Decimal("0.01")
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
OWN_ACCOUNT = frozenset({"expenses", "bills", "bill_credit_memos", "invoices", "invoice_credit_memos", "bank_deposits",
                         "sales_receipts", "customer_refunds"})  # fmt: skip


class Ledger:
    """The postings of one connection, and the accounts they name."""

    def __init__(self, rows: Rows) -> None:
        self.accounts: dict[str, dict[str, Any]] = {row["id"]: row for row in rows("accounts")}
        self._first: dict[str, str] = {}
        for id, row in self.accounts.items():
            self._first.setdefault(str(row.get("account_type")), id)
        self.postings: list[Posting] = sorted(self._all(rows), key=lambda posting: posting.day)

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


def _posting(day: Any, lines: tuple[tuple[str, Decimal], ...]) -> Iterator[Posting]:
    if isinstance(day, str) and any(value for _, value in lines):
        yield Posting(day[:10], lines)


def _converted(row: Document, value: Any) -> Decimal:
    """An amount in the currency of the books."""
    rate = exact(row.get("currency_rate"))
    foreign = row.get("currency_code") not in {None, BASE}
    return (exact(value) * (rate if foreign and rate > 0 else 1)).quantize(CENT)
