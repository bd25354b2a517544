"""Judgement of lists: rows left out at one reading, currencies, months that follow on each other, new words."""

from decimal import Decimal

import pytest

from harness.checks import judge
from harness.checks.currencies import CODES, DIGITS
from harness.checks.money import Amounts
from harness.checks.oracle import mixed_up
from harness.checks.organisation import Shaped
from harness.checks.queries import Reread, Selected
from harness.checks.sums import breaks
from harness.contract import load_contract
from harness.core import Evidence
from harness.drive.sightings import goes_back


def answer(body):
    """A bare answer of a configuration endpoint."""
    return Evidence(
        "e-1", "c", "XERO", None, None, None, "GET", "http://x", "/configs/webhooks", (), {}, None, 200, {}, body, True,
        None, None, "2026-01-01T00:00:00Z", 1.0,
    )  # fmt: skip


OLD = {"updated_at": "2025-06-01T00:00:00.000Z", "last_synced_at": "2025-06-01T00:05:00.000Z"}
NEW = {"updated_at": "2025-06-02T00:00:00.000Z", "last_synced_at": "2025-06-02T00:05:00.000Z"}


@pytest.mark.parametrize(
    ("row", "findings"),
    [
        ({"id": "2", **OLD}, 1),
        ({"id": "2", **NEW}, 0),
        ({"id": "2", **OLD, "last_synced_at": NEW["last_synced_at"]}, 0),
        ({"id": "2", "updated_at": OLD["updated_at"]}, 0),
    ],
)
def test_a_row_that_was_there_all_the_time_was_left_out(row, findings):
    """A row that shows at the second reading is lost when its marks are old, and new when they or one of them are."""
    subject = Reread("c", "XERO", "bills", ({"id": "1", **NEW},), (row,), ("e",))
    assert len(judge(subject, ["queries.steady"])) == findings


@pytest.mark.parametrize(
    ("code", "findings"), [("USD", 0), ("BYN", 0), ("ZZZ", 1), ("usd", 1), ("US Dollar", 1), (["USD"], 1)]
)
def test_a_currency_exists(code, findings):
    """A code of three letters that is no currency is a finding; one that is younger than the contract is none."""
    described = load_contract().resource("customers")
    subject = Amounts("c", "XERO", "customers", described, ({"id": "1", "currency_code": code},), ("e",))
    assert len(judge(subject, ["money.currency"])) == findings


def test_currencies_with_other_minor_units_exist():
    """The table of minor units names currencies only."""
    assert set(DIGITS) <= CODES


def month(number, begins, ends):
    """The cash flow statement of a month of 2025."""
    days = {1: 31, 2: 28, 3: 31, 4: 30}[number]
    return {"start_date": f"2025-0{number}-01T00:00:00.000Z", "end_date": f"2025-0{number}-{days}T00:00:00.000Z",
            "currency_code": "USD", "starting_balance": begins, "ending_balance": ends}  # fmt: skip


def test_a_month_begins_where_the_last_one_ended():
    """A statement that begins with another balance is named; one whose month before is not there is not."""
    rows = [month(4, "9.00", "9.00"), month(2, "20.00", "30.00"), month(1, "10.00", "20.00")]
    assert list(breaks("cash_flow_statements", rows)) == []
    rows[1]["starting_balance"] = "25.00"
    assert list(breaks("cash_flow_statements", rows)) == [
        (1, "starting_balance", Decimal("20.00"), Decimal("25.00"))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "findings"),
    [
        (["INITIAL_UPDATE", "HRIS_EMPLOYEE_CREATED"], 0),
        (["INITIAL_UPDATE", "Initial_update"], 1),
        (["INITIAL_UPDATE", "InitialUpdate"], 1),
        (["initial_update", "historical_update"], 1),
    ],
)
def test_a_new_event_is_no_finding(words, findings):
    """A webhook may send events that are newer than the contract; known ones spelled otherwise are a finding."""
    body = {"id": "460cf437-e486-4cc7-b081-59002e8ca6a0", "api_version": "2024-08-31", "url": "https://example.com",
            "created_at": "2025-06-30T12:00:00.000Z", "updated_at": "2025-06-30T12:00:00.000Z",
            "allow_list": {"allowedTypes": words}}  # fmt: skip
    subject = Shaped("c", "XERO", None, answer(body), load_contract(), "WebhookConfigResponse")
    assert len(judge(subject, ["config.schema"])) == findings


def test_marks_do_not_go_back():
    """A later reading with an older mark goes back; one with newer marks, or with none, does not."""
    assert goes_back(NEW, OLD)
    assert not goes_back(OLD, NEW)
    assert not goes_back(NEW, {"updated_at": None})


@pytest.mark.parametrize(
    ("records", "wrong"),
    [
        ([{"Id": "11"}, {"Id": "12"}, {"Id": "13"}], ()),
        ([{"Id": "12"}, {"Id": "13"}, {"Id": "11"}], ("a", "b", "c")),
        ([{"Id": 12}, {"Id": 11}, {"Id": 13}], ("a", "b")),
        ([{"Id": "11", "Next": "12"}, {"Id": "12", "Next": "13"}, {"Id": "13", "Next": "11"}], ()),
        ([{"Id": "7"}, {"Id": "8"}, {"Id": "9"}], ()),
        ([{"Next": "12"}, {"Next": "13"}, {"Next": "14"}], ()),
        ([{"Id": "12"}, {"Id": "13"}, None], ()),
    ],
)
def test_raw_records_stand_with_their_rows(records, wrong):
    """Raw records are with wrong rows where one key has just the platform_ids of all rows, and none has each row's own;
    a record that shows no platform_id, or the next row's beside its own, tells nothing."""
    rows = [(id, str(11 + index), record) for index, (id, record) in enumerate(zip("abc", records, strict=True))]
    assert mixed_up(rows) == wrong


ROWS = {"a": {"id": "a", "status": "paid", "updated_at": "2025-01-01T00:00:00.000Z"}, "b": {"id": "b"}}


@pytest.mark.parametrize(
    ("query", "expected", "seen"),
    [
        ('filter=status="open"', 'only the 1 rows with status="open"', "2 rows, also: a (status 'paid')"),
        ("updated_at_min=1735689600001&limit=9", "only the 1 rows with updated_at >= 1735689600001 ms",
         "2 rows, also: a (updated_at '2025-01-01T00:00:00.000Z')"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_shown_with_what_makes_it_wrong(query, expected, seen):
    """A finding of a query says the rule, and names rows with their values of what the rule is about."""
    wanted = frozenset({"b"})
    subject = Selected("c", "XERO", "bills", query, None, ("a", "b"), wanted, wanted, 200, True, None, (), ("e",), ROWS)
    [found] = judge(subject, ["queries.filter"])
    assert (found.expected, found.seen) == (expected, seen)


def test_many_wrong_rows_are_counted():
    """Three of many rows are named, the others counted."""
    ids = tuple("abcde")
    wanted = frozenset(ids)
    subject = Selected("c", "XERO", "bills", 'filter=memo="x"', "memo", (), wanted, wanted, 200, True, None, (), ("e",))
    [found] = judge(subject, ["queries.filter"])
    assert found.seen == "0 rows; missing: a, b, c and 2 more"
