"""Balance sheets, income and cash flow statements, and metrics, computed from the ledger at each request."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from harness.core import iso_utc
from harness.emulator.bookkeeping.amounts import exact, text, total
from harness.emulator.bookkeeping.ledger import BASE, Ledger
from harness.emulator.bookkeeping.statements import (
    STATEMENTS,
    Period,
    balance_sheet,
    bounds,
    income_statement,
    month_of,
    months,
    statement,
)
from harness.emulator.credentials import derived
from harness.emulator.errors import invalid_request, not_supported
from harness.emulator.messages import Json
from harness.emulator.operations.registry import Call, Document, reads
from harness.emulator.validity import MODES

ABOUT = "months and their range are documented [S24]; which account a document posts to is inferred"
METRICS = "the shape alone is known [S24]; formulas are the usual ones of accounting"
DEFAULT_MONTHS = 30
"""Months until the seeded books were last synced, and all since. UNKNOWN: what is answered without a range."""
MOST_MONTHS = 600
DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-\d{2}")


def _list(call: Call) -> Json:
    mode = call.request.param("response_mode")
    if mode is not None and mode not in MODES:
        raise invalid_request("response_mode is prefer_sync or async.", parameter="response_mode")
    if mode == "async":
        return call.api.later(call)
    ledger = call.api.ledgers.of(call.connection["id"])
    made = [statement(ledger, call.resource.name, month, id=_id(call, month), stamp=_stamp(call, month))
            for month in _months(call)]  # fmt: skip
    if call.request.param("expand") != "platform_data":
        for item in made:
            del item["platform_data"]
    return Json({call.resource.list_key: made, "next_cursor": None, "connection": call.block()})


def _months(call: Call) -> Iterator[str]:
    """The months that are asked for, by default those of the seeded books and all since."""
    for name in ("start_date", "end_date"):
        value = call.request.param(name)
        if value is not None and DAY.match(value) is None:
            raise invalid_request(f"{name} is an ISO 8601 date.", parameter=name)
    seeded, now = call.api.settings.seed_at, call.api.clock.now()
    first = call.request.param("start_date") or _earlier(month_of(seeded), DEFAULT_MONTHS - 1)
    last = call.request.param("end_date") or month_of(max(now, seeded))
    for number, month in enumerate(months(first, last)):
        if number == MOST_MONTHS:
            return
        yield month


def _earlier(month: str, count: int) -> str:
    number = int(month[:4]) * 12 + int(month[5:7]) - 1 - count
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def _id(call: Call, month: str) -> str:
    return derived(call.api.settings, f"{call.connection['id']}:{call.resource.name}:{month}")


def _stamp(call: Call, month: str) -> str:
    """A statement is made when its month ends, the current one now."""
    ended = datetime.fromisoformat(f"{bounds(month)[1]}T23:59:59+00:00")
    return iso_utc(min(ended, call.api.clock.now()))


def _over(upper: Decimal, lower: Decimal) -> Decimal:
    """A ratio; nothing over nothing is nothing."""
    return (upper / lower).quantize(Decimal("0.0001")) if lower else Decimal(0)


Figures = Mapping[str, Decimal]
FORMULAS: Mapping[str, Callable[[Figures], Decimal]] = {
    "total_income": lambda on: on["income"],
    "total_revenue": lambda on: on["sales"],
    "total_expenses": lambda on: on["expenses"],
    "cost_of_goods_sold": lambda on: on["cogs"],
    "net_income": lambda on: on["net"],
    "net_operating_income": lambda on: on["operating"],
    "ebitda": lambda on: on["operating"],
    "ebitda_margin": lambda on: _over(on["operating"], on["income"]),
    "gross_profit_margin": lambda on: _over(on["gross"], on["income"]),
    "net_profit_margin": lambda on: _over(on["net"], on["income"]),
    "current_assets": lambda on: on["current_assets"],
    "current_liabilities": lambda on: on["current_liabilities"],
    "working_capital": lambda on: on["current_assets"] - on["current_liabilities"],
    "current_ratio": lambda on: _over(on["current_assets"], on["current_liabilities"]),
    "quick_ratio": lambda on: _over(on["quick"], on["current_liabilities"]),
    "debt_to_income_ratio": lambda on: _over(on["debt"], on["income"]),
    "cash_flow_to_debt_ratio": lambda on: _over(on["cash"], on["debt"]),
    "change_in_working_capital": lambda on: on["working_change"],
    "enterprise_free_cash_flow": lambda on: on["operating"] - on["working_change"] - on["capital"],
    "enterprise_free_cash_flow_formula_two": lambda on: on["cash"] - on["capital"],
    "capital_expenditure": lambda on: on["capital"],
}
"""Other metrics need account kinds that no account type tells (interest, rent, inventory...): they are zero."""
CURRENT = frozenset({"bank", "accounts_receivable", "other_current_asset"})
QUICK = frozenset({"bank", "accounts_receivable"})
OWED_SOON = frozenset({"accounts_payable", "credit_card", "other_current_liability"})


def _figures(ledger: Ledger, month: str) -> dict[str, Decimal]:
    period = Period(ledger, month)
    earned, stands = income_statement(ledger, month), balance_sheet(ledger, month)
    until, before = period.standing("asset", "liability"), period.before("asset", "liability")

    def of(sums: Mapping[str, Decimal], kinds: frozenset[str]) -> Decimal:
        return total(value for account, value in sums.items() if ledger.kind(account) in kinds)

    capital = period.moved("asset")
    return {
        "income": exact(earned["total_income"]),
        "sales": exact(earned["net_sales"]),
        "expenses": exact(earned["total_expenses"]),
        "cogs": exact(earned["total_cost_of_sales"]),
        "gross": exact(earned["gross_profit"]),
        "net": exact(earned["net_income"]),
        "operating": exact(earned["net_operating_income"]),
        "debt": exact(stands["total_liabilities"]),
        "current_assets": of(until, CURRENT),
        "current_liabilities": -of(until, OWED_SOON),
        "quick": of(until, QUICK),
        "working_change": of(until, CURRENT | OWED_SOON) - of(before, CURRENT | OWED_SOON),
        "cash": sum((period.cash_of(posting) for posting in period.within), Decimal(0)),
        "capital": of(capital, frozenset({"fixed_asset"})),
    }


def _nothing(_figures: Figures) -> Decimal:
    return Decimal(0)


@reads("accounting_metrics", "get", fidelity="inferred", about=METRICS)
def accounting_metric(call: Call) -> Json:
    """`GET /accounting/metrics/{metricName}`: one value for each month."""
    name = call.values["metricName"]
    if name not in (call.operation.parameters["metricName"].enum or ()):
        raise not_supported(call.api.settings, f"the metric {name}")
    ledger = call.api.ledgers.of(call.connection["id"])
    formula = FORMULAS.get(name, _nothing)
    values: list[Document] = []
    for month in _months(call):
        first, last = bounds(month)
        value = text(formula(_figures(ledger, month)))
        values.append({"start_date": first, "end_date": last, "currency": BASE, "value": value})
    return Json({"checkpoint": iso_utc(call.api.clock.now()), name: values, "connection": call.block()})


for _name in STATEMENTS:
    reads(_name, "list", fidelity="documentation", about=ABOUT)(_list)
