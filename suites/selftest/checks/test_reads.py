"""Judgement of reads: sums of statements and orders, the spelling of dates, and which rows stand for a list."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from harness.checks import judge
from harness.checks.dates import Dates
from harness.checks.sampling import telling
from harness.checks.sums import USUALLY, wrong_sums

SHEET = {
    "total_assets": "100.00",
    "total_liabilities": "40.00",
    "total_equity": "60.00",
    "assets": {"value": "100.00", "items": [{"value": "70.00", "items": []}, {"value": "30.00", "items": []}]},
}


def test_a_sheet_in_balance_has_nothing_wrong():
    """Assets that are liabilities and equity, with sections that add up, give nothing."""
    assert list(wrong_sums("balance_sheets", SHEET)) == []


def test_a_sheet_out_of_balance_names_the_total():
    """A total that its section repeats otherwise, and that does not balance, is named twice."""
    wrong = list(wrong_sums("balance_sheets", {**SHEET, "total_assets": "101.00"}))
    assert wrong == [("total_assets", Decimal("100.00"), Decimal("101.00"))] * 2


@pytest.mark.parametrize(("total", "holds"), [(25.0, True), (22.0, True), (23.0, False), (20.0, False), (2500, False)])
def test_an_order_may_hold_its_tax_or_not(total, holds):
    """The price of an order is right with tax added or within its prices, and wrong without shipping or in cents."""
    row = {"total_price": total, "total_tax": 3, "total_shipping": 2, "line_items": [{"price": 10.0, "quantity": 2}]}
    assert USUALLY["total_price"](row)[0] is holds


@pytest.mark.parametrize(
    ("text", "findings"),
    [("2024-02-29T00:00:00.000Z", 0), ("2024-02-29T00:00:00.000+00:00", 1), ("2024-02-29T00:00:00.000000Z", 1)],
)
def test_a_timestamp_has_one_spelling(text, findings):
    """Milliseconds and Z, as documented; another spelling of the same instant is a finding."""
    rows = ({"updated_at": text},)
    subject = Dates(
        "c", "XERO", "bills", "updated_at", "date-time", False, rows, ("e",), datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert len(judge(subject, ["dates.format"])) == findings


def test_rare_rows_stand_for_the_list():
    """The one row with another status and the one without a memo are among the few that are compared."""
    rows = [{"id": str(number), "status": "open", "memo": "x"} for number in range(50)]
    rows[17] = {"id": "17", "status": "paid", "memo": "x"}
    rows[31] = {"id": "31", "status": "open", "memo": None}
    chosen = {row["id"] for row in telling(rows, 4)}
    assert {"17", "31", "49"} <= chosen
