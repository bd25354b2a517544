"""The directives of templates, filled in from the rows of a running double."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.drive import Drive, Inconclusive

DriveOn = Callable[[str, str], Drive]


@pytest.fixture
def books(drive: DriveOn) -> Drive:
    """A drive on QuickBooks."""
    return drive("QUICKBOOKS", "bills")


def row(drive: Drive, resource: str, id: str) -> dict[str, Any]:
    """The row that a filled reference names."""
    return drive.snapshot(resource).by_id[id]


def test_the_same_reference_is_the_same_row(books: Drive) -> None:
    """Two fields of one reference come from one row, another condition gives a row of its own."""
    open_bill = {"$ref": "bills", "where": {"status": "open", "currency_code": "USD"}, "min": {"amount_due": 100}}
    made = books.fill({"id": open_bill, "vendor_id": {**open_bill, "field": "vendor_id"}, "other": {"$ref": "vendors"}})
    bill = row(books, "bills", made["id"])
    assert (bill["status"], bill["currency_code"], bill["vendor_id"]) == ("open", "USD", made["vendor_id"])
    assert bill["amount_due"] >= 100
    assert row(books, "vendors", made["other"])["status"] == "active"


def test_skip_gives_a_second_row_under_the_same_conditions(books: Drive) -> None:
    """A transfer needs two accounts that are alike and not the same."""
    bank = {"$ref": "accounts", "where": {"account_type": "bank", "currency_code": "USD"}}
    first, second = books.fill([bank, {**bank, "skip": 1}])
    assert first != second
    assert {row(books, "accounts", id)["account_type"] for id in (first, second)} == {"bank"}


def test_prefer_is_a_wish(books: Drive) -> None:
    """A preferred row is taken when there is one, another one when there is none."""
    euro = books.fill({"$ref": "vendors", "prefer": {"currency_codes[]": "EUR"}})
    assert "EUR" in row(books, "vendors", euro)["currency_codes"]
    assert books.fill({"$ref": "vendors", "prefer": {"currency_codes[]": "XXX"}})


def test_a_row_that_was_just_made_is_referred_to_last(books: Drive) -> None:
    """What this run or another worker of it made comes after all that was there: it may be deleted at any moment."""
    made = books.create("vendors", books.minimal_input("vendors")).id
    listed = books.snapshot("vendors", refresh=True)
    assert made == listed.rows[0]["id"]
    assert books.fill({"$ref": "vendors"}) != made
    name = listed.by_id[made]["vendor_name"]
    assert books.fill({"$ref": "vendors", "where": {"vendor_name": name}}) == made


def test_a_row_without_partner_is_passed_over(books: Drive) -> None:
    """The memo is the first one whose vendor has a bill in dinars, though earlier memos have none such."""
    memo = {"$ref": "bill_credit_memos"}
    bill = {"$ref": "bills", "where": {"vendor_id": {**memo, "field": "vendor_id"}, "currency_code": "KWD"}}
    made = books.fill({"memo": memo, "bill": bill})
    found, target = row(books, "bill_credit_memos", made["memo"]), row(books, "bills", made["bill"])
    assert (found["vendor_id"], target["currency_code"]) == (target["vendor_id"], "KWD")
    assert made["memo"] != books.fill(memo)


def test_a_row_without_the_asked_field_is_passed_over(books: Drive) -> None:
    """A field that is null in the first row is taken from the first row that has it."""
    numbers = {bill["document_number"] for bill in books.snapshot("bills").rows}
    assert None in numbers
    void = {"$ref": "bills", "where": {"document_number": None}}
    assert row(books, "bills", books.fill(void))["document_number"] is None
    assert books.fill({"$ref": "bills", "field": "document_number"}) in numbers - {None}


def test_nothing_to_refer_to_is_inconclusive(books: Drive) -> None:
    """Without a fitting row the case ends undecided, and says what it looked for and where."""
    with pytest.raises(Inconclusive, match=r"no row of bills with .*nowhere.* on QUICKBOOKS"):
        books.fill({"$ref": "bills", "where": {"document_number": "nowhere"}})
    with pytest.raises(Inconclusive, match="no row of bills on QUICKBOOKS has a subsidiary_id"):
        books.fill({"$ref": "bills", "field": "subsidiary_id"})


def test_unique_texts_differ_and_keep_to_their_length(books: Drive) -> None:
    """Two fills never give the same text; `length` counts the prefix."""
    first, second = books.fill([{"$unique": "GL-"}, {"$unique": "GL-"}])
    assert first != second
    assert first.startswith("GL-")
    assert len(books.fill({"$unique": "6", "length": 7})) == 7
