"""What the contract's types cannot say of inputs: which rows belong together, and what a platform would refuse.

Sources are given as tags of the facts. Everything here is a default: a plan may write its own inputs.
"""

from collections.abc import Mapping
from typing import Any

BANK = {"$ref": "accounts", "where": {"account_type": "bank", "currency_code": "USD"}}
EXPENSE = {"$ref": "accounts", "where": {"account_type": "expense"}}
INCOME = {"$ref": "accounts", "where": {"account_type": "income"}}
OPEN_BILL: Mapping[str, Any] = {"$ref": "bills", "where": {"status": ["open", "partially_paid"]}, "min": {"amount_due": 1}}
OPEN_INVOICE: Mapping[str, Any] = {
    "$ref": "invoices",
    "where": {"status": ["open", "partially_paid"]},
    "min": {"amount_due": 1},
}
MEMO = {"$ref": "bill_credit_memos", "where": {"status": ["open", "partially_paid"]}}
INVOICE_MEMO = {"$ref": "invoice_credit_memos", "where": {"status": "OPEN"}}
BILL_OF_MEMO: Mapping[str, Any] = {
    "$ref": "bills",
    "where": {"vendor_id": {**MEMO, "field": "vendor_id"}},
    "min": {"amount_due": 1},
}
INVOICE_OF_MEMO: Mapping[str, Any] = {
    "$ref": "invoices",
    "where": {"customer_id": {**INVOICE_MEMO, "field": "customer_id"}},
    "min": {"amount_due": 1},
}
DAY = {"$date": "2024-03-15"}

MINIMAL: Mapping[str, Mapping[str, Any]] = {
    "accounts": {"account_type": "expense"},
    "bank_deposits": {
        "account_id": BANK,
        "line_items": [{"account_id": INCOME, "total_amount": 125.5}],
    },
    "bank_transfers": {"credit_account_id": BANK, "debit_account_id": {**BANK, "skip": 1}, "total_amount": 125.5},
    "bills": {"line_items": [{"account_id": EXPENSE, "total_amount": 125.5}]},
    "bill_credit_memos": {"line_items": [{"account_id": EXPENSE, "total_amount": 125.5}]},
    "bill_payments": {
        "account_id": BANK,
        "transaction_date": DAY,
        "vendor_id": {**OPEN_BILL, "field": "vendor_id"},
        "currency_code": {**OPEN_BILL, "field": "currency_code"},
        "linked_bills": [{"id": OPEN_BILL, "allocated_amount": 1}],
    },
    "bill_credit_applications": {
        "bill_credit_memo_id": MEMO,
        "vendor_id": {**MEMO, "field": "vendor_id"},
        "currency_code": {**MEMO, "field": "currency_code"},
        "linked_bills": [{"id": BILL_OF_MEMO, "allocated_amount": 1}],
    },
    "invoice_credit_applications": {
        "invoice_credit_memo_id": INVOICE_MEMO,
        "customer_id": {**INVOICE_MEMO, "field": "customer_id"},
        "currency_code": {**INVOICE_MEMO, "field": "currency_code"},
        "linked_invoices": [{"id": INVOICE_OF_MEMO, "allocated_amount": 1}],
    },
    "customer_refunds": {
        "account_id": BANK,
        "customer_id": {"$ref": "customers"},
        "transaction_date": DAY,
        "currency_code": "USD",
        "line_items": [{"account_id": INCOME, "total_amount": 125.5}],
    },
    "expenses": {
        "account_id": BANK,
        "expense_type": "expense",
        "transaction_date": DAY,
        "line_items": [{"account_id": EXPENSE, "total_amount": 125.5}],
    },
    "invoices": {"line_items": [{"account_id": INCOME, "description": {"$unique": "golive "}, "total_amount": 125.5}]},
    "invoice_credit_memos": {
        "issue_date": "2024-03-15",
        "line_items": [{"account_id": INCOME, "description": {"$unique": "golive "}, "total_amount": "125.50"}],
    },
    "invoice_payments": {
        "account_id": BANK,
        "customer_id": {**OPEN_INVOICE, "field": "customer_id"},
        "currency_code": {**OPEN_INVOICE, "field": "currency_code"},
        "transaction_date": DAY,
        "linked_invoices": [{"id": OPEN_INVOICE, "amount": 1}],
    },
    "journal_entries": {
        "line_items": [
            {"account_id": EXPENSE, "total_amount": 125.5, "description": {"$unique": "golive debit "}},
            {"account_id": BANK, "total_amount": -125.5, "description": {"$unique": "golive credit "}},
        ],
    },
    "purchase_orders": {
        "line_items": [{"item": {"$ref": "items"}, "quantity": 2, "unit_amount": 12.5}],
        "txn_date": DAY,
    },
    "sales_orders": {
        "currency_code": "USD",
        "issue_date": DAY,
        "line_items": [{"item": {"id": {"$ref": "items"}, "quantity": 2, "unit_amount": 12.5}}],
    },
    "sales_receipts": {
        "customer_id": {"$ref": "customers"},
        "account_id": BANK,
        "currency_code": "USD",
        "line_items": [{"account_id": INCOME, "total_amount": 125.5}],
    },
    "bank_feed_accounts": {"bank_account_type": "checking", "internal_bank_account_id": {"$unique": "golive-"}},
    "bank_feed_transactions": {
        "bank_feed_account_id": {"$ref": "bank_feed_accounts"},
        "transactions": [
            {
                "transaction_id": {"$unique": "golive-"},
                "posted_at": DAY,
                "amount": 125.5,
                "description": {"$unique": "golive "},
                "transaction_type": "debit",
                "debit_credit_memo": "DEBIT",
            }
        ],
    },
    "tax_rates": {"components": [{"name": {"$unique": "golive "}, "rate": 7.25}]},
    "orders": {
        "currency_code": "USD",
        "line_items": [{"variant_id": {"$ref": "products", "field": "variants[].id"}, "quantity": 2}],
        "customer": {"email": "golive@example.com", "first_name": "Go", "last_name": "Live"},
    },
}
"""Create inputs per resource that replace what the contract alone would generate."""

LEFT_OUT: Mapping[str, frozenset[str]] = {
    "accounts": frozenset({"parent_id"}),
    "bank_feed_accounts": frozenset({"parent_bank_feed_account_id", "account_id"}),
    "bank_transfers": frozenset({"currency_code"}),
    "bills": frozenset({"line_items[].discount_amount", "linked_purchase_orders[].id", "currency_rate"}),
    "invoices": frozenset({"line_items[].discount_amount"}),
    "items": frozenset({"additional_fields.item_id"}),
}
"""Inputs that change other values or need others beside them; a plan that uses them writes them itself."""

VALUES: Mapping[tuple[str, str], tuple[Any, Any]] = {
    ("*", "currency_code"): ("USD", "USD"),
    ("*", "currency"): ("USD", "USD"),
    ("*", "currency_rate"): (1.25, 1.5),
    ("*", "phone"): ("+1 415 555 0134", "+44 20 7946 0958"),
    ("*", "website"): ("https://example.com", "https://example.org"),
    ("*", "email"): ("golive@example.com", "changed@example.com"),
    ("*", "billing_email"): ("golive@example.com", "changed@example.com"),
    ("*", "country"): ("US", "GB"),
    ("*", "tax_number"): ("12-3456789", "98-7654321"),
    ("*", "registration_number"): ("GL123456", "GL654321"),
    ("*", "ship_date"): ("2024-03-20", "2024-04-20"),
    ("*", "document_number"): ({"$unique": "GL-"}, {"$unique": "GLC-"}),
    ("*", "nominal_code"): ({"$unique": "6"}, {"$unique": "7"}),
    ("*", "due_date"): ({"$date": "2024-04-14"}, {"$date": "2024-05-31"}),
    ("*", "transaction_start_date"): ("2024-03-01", "2024-04-01"),
    ("*", "inventory_start_date"): ("2024-03-01", "2024-04-01"),
}
"""(resource or `*`, path or last name) -> (value on create, value on update)."""

CHANGES: Mapping[str, Mapping[str, Any]] = {}
"""Update values per resource that replace the generated ones."""


def account_reference(resource: str, path: str) -> dict[str, Any]:
    """Which account a field wants, by where it stands: lines post to income or expense, documents to their ledger."""
    if "line_items" in path:
        return dict(INCOME if resource in SALES else EXPENSE)
    kind = LEDGERS.get((resource, path))
    return {"$ref": "accounts", "where": {"account_type": kind}} if kind else dict(BANK)


SALES = frozenset({"invoices", "invoice_credit_memos", "sales_receipts", "customer_refunds", "bank_deposits"})
LEDGERS = {
    ("bills", "account_id"): "accounts_payable",
    ("bill_credit_memos", "account_id"): "accounts_payable",
    ("invoices", "account_id"): "accounts_receivable",
    ("items", "asset_account_id"): "other_current_asset",
    ("items", "bill_item.account_id"): "expense",
    ("items", "invoice_item.account_id"): "income",
}
"""(resource, path) -> account_type, where it is not a bank account."""
