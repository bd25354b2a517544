"""Monthly statements from the ledger: a balance sheet that balances, and the two that explain how it moved."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from harness.emulator.bookkeeping.amounts import text, total
from harness.emulator.bookkeeping.derived import CATEGORIES
from harness.emulator.bookkeeping.ledger import BASE, NOTHING, Ledger, Posting, Sums

Document = dict[str, Any]
INVESTING = frozenset({"fixed_asset", "other_asset"})
FINANCING = frozenset({"equity", "long_term_liability", "liability"})
PROFIT = frozenset({"income", "expense"})


def months(first: str, last: str) -> Iterator[str]:
    """Every month from `first` to `last` (YYYY-MM), both included. Source: [S24], the range is in whole months."""
    year, month = int(first[:4]), int(first[5:7])
    while f"{year:04d}-{month:02d}" <= last[:7]:
        yield f"{year:04d}-{month:02d}"
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def bounds(month: str) -> tuple[str, str]:
    """First and last day of a month."""
    return f"{month}-01", f"{month}-{monthrange(int(month[:4]), int(month[5:7]))[1]:02d}"


def month_of(instant: datetime) -> str:
    """The month of an instant."""
    return f"{instant:%Y-%m}"


class Period:
    """What the ledger says of one month: movements within it, balances at its end and before it."""

    def __init__(self, ledger: Ledger, month: str) -> None:
        self._ledger = ledger
        self.within = ledger.within(month)
        self._moved, self._standing, self._before = ledger.moved(month), ledger.standing(month), ledger.before(month)

    def moved(self, *categories: str) -> dict[str, Decimal]:
        """Debits less credits within the month, by account, for the accounts of some categories."""
        return self._only(self._moved, categories)

    def standing(self, *categories: str) -> dict[str, Decimal]:
        """The same for everything until the end of the month."""
        return self._only(self._standing, categories)

    def before(self, *categories: str) -> dict[str, Decimal]:
        """The same for everything before the month."""
        return self._only(self._before, categories)

    def _only(self, sums: Sums, categories: tuple[str, ...]) -> dict[str, Decimal]:
        return {account: value for account, value in sums.items() if self.category(account) in categories}

    def category(self, account: str) -> str:
        """asset, liability, equity, income, expense; what is none of them counts as equity."""
        found = CATEGORIES.get(self._ledger.kind(account), "equity")
        return found if found in {"asset", "liability", "income", "expense"} else "equity"

    def cash_before(self) -> Decimal:
        """What was in the bank accounts before the month."""
        return total(value for account, value in self._before.items() if self._ledger.kind(account) == "bank")

    def cash_of(self, posting: Posting) -> Decimal:
        """What one posting does to the bank accounts."""
        return total(value for account, value in posting.lines if self._ledger.kind(account) == "bank")

    def tree(self, name: str, sums: Sums, sign: int = 1) -> Document:
        """A line with one line per account under it."""
        items = [self._leaf(account, sign * value) for account, value in sums.items() if value]
        return _node(name, sign * total(sums.values()), items)

    def _leaf(self, account: str, value: Decimal) -> Document:
        row = self._ledger.accounts.get(account)
        node = _node(self._ledger.name(account), value, [])
        return {**node, "account_id": row["id"], "platform_id": row.get("platform_id")} if row else node


def balance_sheet(ledger: Ledger, month: str) -> Document:
    """Assets, liabilities and equity at the end of a month; earnings until then are part of equity."""
    period = Period(ledger, month)
    assets = period.standing("asset")
    liabilities = period.standing("liability")
    equity = period.standing("equity")
    earned = total(period.standing(*PROFIT).values())
    own = period.tree("Equity", equity, -1)
    own["items"].append(_node("Retained earnings", -earned, []))
    own["value"] = text(-total(equity.values()) - earned)
    return {
        "assets": period.tree("Assets", assets),
        "liabilities": period.tree("Liabilities", liabilities, -1),
        "equity": own,
        "total_assets": text(total(assets.values())),
        "total_liabilities": text(-total(liabilities.values())),
        "total_equity": own["value"],
    }


def income_statement(ledger: Ledger, month: str) -> Document:
    """Income less costs within a month."""
    period = Period(ledger, month)
    income = period.moved("income")
    costs = period.moved("expense")
    sold = {account: value for account, value in costs.items() if ledger.kind(account) == "cost_of_goods_sold"}
    spent = {account: value for account, value in costs.items() if account not in sold}
    earned, gross = -total(income.values()), -total(income.values()) - total(sold.values())
    net = gross - total(spent.values())
    sales = -total(value for account, value in income.items() if ledger.kind(account) == "income")
    running = total(value for account, value in spent.items() if ledger.kind(account) == "expense")
    return {
        "accounting_standard": "accrual",
        "income": period.tree("Income", income, -1),
        "cost_of_sales": period.tree("Cost of sales", sold),
        "expenses": period.tree("Expenses", spent),
        "total_income": text(earned),
        "total_cost_of_sales": text(total(sold.values())),
        "gross_profit": text(gross),
        "total_expenses": text(total(spent.values())),
        "net_operating_income": text(sales - total(sold.values()) - running),
        "net_sales": text(sales),
        "net_profit": text(net),
        "net_income": text(net),
    }


def cash_flow_statement(ledger: Ledger, month: str) -> Document:
    """How the bank accounts moved within a month, by what stood on the other side."""
    period = Period(ledger, month)
    flows: dict[str, dict[str, Decimal]] = {"operating": {}, "investing": {}, "financing": {}}
    moved = [posting for posting in period.within if period.cash_of(posting)]
    for posting in moved:
        for account, value in posting.lines:
            kind = ledger.kind(account)
            if kind == "bank":
                continue
            name = "investing" if kind in INVESTING else "financing" if kind in FINANCING else "operating"
            flows[name][account] = flows[name].get(account, NOTHING) - value
    start = period.cash_before()
    changes = [period.cash_of(posting) for posting in moved]
    made: Document = {
        "starting_balance": text(start),
        "ending_balance": text(start + sum(changes, NOTHING)),
        "gross_cash_in_flow": text(sum((value for value in changes if value > 0), NOTHING)),
        "gross_cash_out_flow": text(-sum((value for value in changes if value < 0), NOTHING)),
    }
    for name, sums in flows.items():
        made[f"{name}_activities"] = period.tree(f"{name.capitalize()} activities", sums)
        made[f"total_{name}"] = text(total(sums.values()))
    return made


STATEMENTS = {
    "balance_sheets": balance_sheet,
    "income_statements": income_statement,
    "cash_flow_statements": cash_flow_statement,
}


def statement(ledger: Ledger, name: str, month: str, *, id: str, stamp: str | None) -> Document:
    """One statement of a month as the API shows it, `platform_data` included."""
    first, last = bounds(month)
    return {
        "id": id,
        "start_date": f"{first}T00:00:00.000Z",
        "end_date": f"{last}T00:00:00.000Z",
        "currency_code": BASE,
        **STATEMENTS[name](ledger, month),
        "created_at": stamp,
        "updated_at": stamp,
        "platform_data": {"Header": {"ReportName": name, "StartPeriod": first, "EndPeriod": last}},
    }


def _node(name: str, value: Decimal, items: list[Document]) -> Document:
    return {"platform_id": None, "account_id": None, "name": name, "value": text(value), "items": items}
