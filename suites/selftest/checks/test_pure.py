"""The pure parts of the judges: what came back, which rows fit, what two organisations are."""

import pytest

from harness.checks import all_checks, judge
from harness.checks.config import Credentials
from harness.checks.echo import missing_of, same_day
from harness.checks.fields import used_ids
from harness.checks.oracle import fits, page_size
from harness.checks.paths import differences, exact
from harness.contract import load_contract
from harness.emulator.defects import all_defects


def bills():
    """The contract's word on bills."""
    return load_contract().resource("bills")


@pytest.mark.parametrize(
    ("sent", "seen", "wrong"),
    [
        ({"memo": "a"}, {"memo": "a"}, []),
        ({"memo": "a"}, {"memo": "A"}, ["memo"]),
        ({"memo": "a"}, {}, ["memo"]),
        ({"memo": None}, {"memo": "a"}, []),
        ({"issue_date": "2024-02-29T00:00:00.000Z"}, {"issue_date": "2024-02-29T00:00:00Z"}, []),
        ({"issue_date": "2024-02-29T00:00:00.000Z"}, {"issue_date": "2024-02-28T00:00:00.000Z"}, ["issue_date"]),
        ({"additional_fields": {"tax_inclusive": True}}, {}, []),
        ({"line_items": [{"total_amount": 0.1}]}, {"line_items": [{"total_amount": 0.1}]}, []),
        ({"line_items": [{"total_amount": 1}]}, {"line_items": []}, ["line_items"]),
        ({"line_items": [{"total_amount": 1}]}, {"line_items": [{"total_amount": 2}]}, ["line_items[].total_amount"]),
    ],
)  # fmt: skip
def test_what_was_sent_is_missed(sent, seen, wrong):
    """What does not come back as it was sent is named by its path; null means nothing."""
    assert [path for path, _, _ in missing_of(bills(), "QUICKBOOKS", sent, seen)] == wrong


def test_an_object_of_inputs_is_missed_only_for_what_is_read_back():
    """An invoice without `additional_fields` lacks the shipping amount that was sent in them, and nothing else."""
    invoices = load_contract().resource("invoices")
    for sent, wrong in (({"shipping_amount": 5}, ["additional_fields"]), ({"auto_exchange_rate": True}, [])):
        assert [path for path, _, _ in missing_of(invoices, "QUICKBOOKS", {"additional_fields": sent}, {})] == wrong


@pytest.mark.parametrize(
    ("sent", "seen", "kept"),
    [
        ("2024-01-31T00:00:00.000Z", "2024-01-31T00:00:00Z", True),
        ("2024-01-31T00:00:00.000Z", "2024-01-31T05:00:00Z", False),
        ("2024-01-31T00:00:00.000Z", "2024-01-30T19:00:00-05:00", True),
        ("2024-01-31T23:30:00.000Z", "2024-01-31T00:00:00Z", True),
        ("2024-01-31T23:30:00.000Z", "2024-02-01T00:00:00Z", False),
        ("2024-01-31", "2024-01-31T00:00:00.000Z", True),
        ("2024-01-31T00:00:00.000Z", 1706659200000, False),
    ],
)
def test_a_day_is_kept(sent, seen, kept):
    """The day in UTC counts; midnight stays midnight."""
    assert same_day(sent, seen) is kept


@pytest.mark.parametrize(
    ("operator", "value", "fit"),
    [("=", "Acme", True), ("=", "acme", False), ("=", "Acm", False), ("~", "cm", True), ("~", "CM", False)],
)
def test_the_oracle_filters_texts(operator, value, fit):
    """= is exact, ~ contains, both case-sensitive. Source: [H:8753216581]."""
    assert fits({"name": "Acme"}, "name", operator, value) is fit


def test_the_oracle_is_strict_about_after():
    """> leaves its bound out; null fits nothing."""
    row = {"updated_at": "2024-01-01T00:00:00.000Z", "due_date": None}
    assert not fits(row, "updated_at", ">", "2024-01-01T00:00:00Z")
    assert fits(row, "updated_at", ">", "2023-12-31T23:59:59.999Z")
    assert not fits(row, "due_date", ">", "1970-01-01T00:00:00Z")


def test_numbers_differ_by_value_and_type():
    """1 and 1.0 are equal, "1" and true are not."""
    assert not list(differences({"a": 1}, {"a": 1.0}))
    assert list(differences({"a": 1}, {"a": "1"}))
    assert list(differences({"a": 1}, {"a": True}))
    assert exact("1,5") is None


def test_shared_credentials_are_found():
    """Staging and production that share a secret are a finding, two pairs are none."""

    def found(left, right):
        return [item.check for item in judge(Credentials("c", None, None, left, right), ["config.credentials"])]

    assert found(("a", "s"), ("b", "s")) == ["config.credentials"]
    assert found(("a", "s"), ("b", "t")) == []


def test_every_defect_names_known_checks():
    """A defect is tied to checks that exist, and says what it does."""
    for defect in all_defects().values():
        assert defect.trips
        assert set(defect.trips) <= set(all_checks())
        assert defect.about


def test_a_link_of_another_type_is_no_reference():
    """A credit memo among the payments of an invoice is not looked for among the payments. Source: [S24]."""
    row = {"linked_payments": [{"id": "a", "type": "INVOICE_PAYMENT"}, {"id": "b", "type": "INVOICE_CREDIT_MEMO"}]}
    assert used_ids([row], ["ev"], "linked_payments[].id", "invoice_payment") == {"a": "ev"}
    assert used_ids([{"vendor_id": "v"}], ["ev"], "vendor_id", "vendor") == {"v": "ev"}


def test_pages_end_between_rows_of_one_moment():
    """A page has as many rows as asked, or fewer where it then ends between two rows of the same moment."""
    rows = [{"updated_at": str(number)} for number in range(20)]
    assert page_size(rows, 6) == 6
    rows[10] = dict(rows[9])
    assert page_size(rows, 6) == 5
    assert page_size([], 2) == 2
    every_thirteenth = [{"updated_at": str(number - (number % 13 == 0))} for number in range(98)]
    assert page_size(every_thirteenth, 25) == 13
