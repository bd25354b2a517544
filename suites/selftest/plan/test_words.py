"""Which words of enums are written beside the usual ones."""

from harness.contract import load_contract
from harness.plan import default_plan_paths, load_plans, merge
from harness.plan.words import WORDS, other_words


def _words(platform, resource):
    contract = load_contract()
    plans = load_plans(default_plan_paths(), contract)
    (found,) = merge(plans, contract, platforms=[platform], resources=[resource])
    return list(other_words(found, contract))


def test_what_the_smallest_create_holds_is_not_written_again():
    assert _words("QUICKBOOKS", "expenses") == [("expense_type", "refund")]


def test_an_optional_input_has_further_words_where_it_can_be_sent():
    assert _words("XERO", "invoices") == [("status", "draft"), ("status", "submitted")]
    assert _words("NETSUITE", "invoices") == []


def test_words_are_few_and_none_that_needs_more_beside_it():
    types = [word for path, word in _words("QUICKBOOKS", "accounts") if path == "account_type"]
    assert len(types) == WORDS
    assert "accounts_payable" not in types
    assert _words("QUICKBOOKS", "items") == [("type", "non_inventory")]
