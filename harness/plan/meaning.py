"""What the contract's types cannot say of inputs: which rows belong together, and what a platform would refuse.

Sources are given as tags of the facts. Everything here is a default: a plan may write its own inputs. Keys that a
platform does not have are left out when an input is built (`harness.plan.inputs`).
"""

from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]

AMOUNT = 1234.56
QUANTITY = 3.125
UNIT_AMOUNT = 395.0592
PIECES = 2
"""`QUANTITY` times `UNIT_AMOUNT` is `AMOUNT`, so that lines of an item say the same twice, and both have more decimals
than money; `PIECES` is for what has no halves."""
CHANGED_AMOUNT = 987.75
ALLOCATED = 1.25
"""What a payment or a credit takes from an open document: little, so that one document lasts for many cases."""
LEAST_DUE = 100

DAY = {"$date": "2024-03-15"}
UNPAID = {"status": ["open", "partially_paid"]}

BANK: Values = {"$ref": "accounts", "where": {"account_type": "bank", "currency_code": "USD"}}
VENDOR: Values = {"$ref": "vendors", "prefer": {"currency_codes[]": "USD"}}
CUSTOMER: Values = {"$ref": "customers", "prefer": {"currency_code": "USD"}}
ITEM: Values = {"$ref": "items", "where": {"type": ["service", "non_inventory", "inventory"]}}
DISCOUNT_ITEM: Values = {"$ref": "items", "where": {"type": "discount"}}


def account(kind: str) -> dict[str, Any]:
    """A reference to an account of that type."""
    return {"$ref": "accounts", "where": {"account_type": kind}}


def of(reference: Values, field: str) -> dict[str, Any]:
    """Another field of the row that `reference` picks."""
    return {**reference, "field": field}


def open_bill(currency: str) -> dict[str, Any]:
    """A bill that still has something to pay."""
    return {"$ref": "bills", "where": {**UNPAID, "currency_code": currency}, "min": {"amount_due": LEAST_DUE}}


def open_invoice(currency: str) -> dict[str, Any]:
    """An invoice that still has something to pay."""
    return {"$ref": "invoices", "where": {**UNPAID, "currency_code": currency}, "min": {"amount_due": LEAST_DUE}}


def bill_payment(currency: str) -> dict[str, Any]:
    """A payment and its bill agree on vendor and currency."""
    bill = open_bill(currency)
    return {
        "vendor_id": of(bill, "vendor_id"),
        "currency_code": of(bill, "currency_code"),
        "linked_bills": [{"id": bill, "allocated_amount": ALLOCATED}],
    }


def invoice_payment(currency: str) -> dict[str, Any]:
    """A payment and its invoice agree on customer and currency."""
    invoice = open_invoice(currency)
    return {
        "customer_id": of(invoice, "customer_id"),
        "currency_code": of(invoice, "currency_code"),
        "linked_invoices": [{"id": invoice, "amount": ALLOCATED}],
    }


MEMO: Values = {"$ref": "bill_credit_memos", "where": UNPAID, "min": {"remaining_amount": ALLOCATED}}
MEMO_BILL: Values = {
    "$ref": "bills",
    "where": {**UNPAID, "vendor_id": of(MEMO, "vendor_id"), "currency_code": of(MEMO, "currency_code")},
    "min": {"amount_due": LEAST_DUE},
}
INVOICE_MEMO: Values = {"$ref": "invoice_credit_memos", "where": {"status": ["OPEN", "PARTIALLY_APPLIED"]}}
MEMO_INVOICE: Values = {
    "$ref": "invoices",
    "where": {
        **UNPAID,
        "customer_id": of(INVOICE_MEMO, "customer_id"),
        "currency_code": of(INVOICE_MEMO, "currency_code"),
    },
    "min": {"amount_due": LEAST_DUE},
}
"""A credit goes to a document of the same party in the same currency: a memo without such a document is passed over."""

ITEM_OF_LINE = {"id": ITEM, "quantity": QUANTITY, "unit_amount": UNIT_AMOUNT}
ITEM_LINE = {"item": ITEM_OF_LINE, "total_amount": AMOUNT}
EXPENSE_LINE = {"account_id": account("expense"), "total_amount": AMOUNT}
INCOME_LINE = {"account_id": account("income"), "total_amount": AMOUNT}

LINES: Mapping[str, tuple[Values, ...]] = {
    "bank_deposits": (INCOME_LINE,),
    "bills": (EXPENSE_LINE,),
    "bill_credit_memos": (EXPENSE_LINE,),
    "expenses": (EXPENSE_LINE,),
    "invoices": (INCOME_LINE, ITEM_LINE),
    "customer_refunds": (INCOME_LINE, ITEM_LINE),
    "sales_receipts": (ITEM_LINE,),
}
"""Resource -> lines to choose from: the first that the platform takes whole. A line needs to say what it posts to: an
account, or an item. On NetSuite a bill line has exactly one of the two. Source: [S24] bill lines."""

ADDRESS = {
    "address1": "1 Market Street", "address2": "Suite 300", "city": "San Francisco", "country_code": "US",
    "first_name": "Go", "last_name": "Live", "postal_code": "02139", "region": "CA",
    "email": "golive@example.com", "phone": "+14155550134",
}  # fmt: skip

MINIMAL: Mapping[str, Values] = {
    "accounts": {"account_type": "expense"},
    "bank_feed_accounts": {"account_id": account("bank"), "bank_account_type": "checking"},
    "bank_feed_transactions": {
        "bank_feed_account_id": {"$ref": "bank_feed_accounts", "prefer": {"transaction_ready": True}},
        "transactions": [
            {
                "transaction_id": {"$unique": "golive-"},
                "posted_at": DAY,
                "amount": AMOUNT,
                "description": {"$unique": "golive "},
                "transaction_type": "debit",
                "debit_credit_memo": "DEBIT",
            }
        ],
    },
    "bank_transfers": {"credit_account_id": BANK, "debit_account_id": {**BANK, "skip": 1}, "total_amount": AMOUNT},
    "bill_payments": {"account_id": BANK, **bill_payment("USD")},
    "bill_credit_applications": {
        "bill_credit_memo_id": MEMO,
        "vendor_id": of(MEMO, "vendor_id"),
        "currency_code": of(MEMO, "currency_code"),
        "linked_bills": [{"id": MEMO_BILL, "allocated_amount": ALLOCATED}],
    },
    "customer_refunds": {"customer_id": CUSTOMER, "transaction_date": DAY, "currency_code": "USD"},
    "invoice_credit_applications": {
        "invoice_credit_memo_id": INVOICE_MEMO,
        "customer_id": of(INVOICE_MEMO, "customer_id"),
        "currency_code": of(INVOICE_MEMO, "currency_code"),
        "linked_invoices": [{"id": MEMO_INVOICE, "allocated_amount": ALLOCATED}],
    },
    "invoice_credit_memos": {
        "line_items": [
            {"account_id": account("income"), "description": {"$unique": "golive "}, "total_amount": str(AMOUNT)}
        ],
    },
    "invoice_payments": {"account_id": BANK, **invoice_payment("USD")},
    "items": {"type": "service", "invoice_item": {"account_id": account("income"), "unit_price": "49.90"}},
    "journal_entries": {
        "line_items": [
            {"account_id": account("expense"), "total_amount": AMOUNT, "description": {"$unique": "golive debit "}},
            {"account_id": BANK, "total_amount": -AMOUNT, "description": {"$unique": "golive credit "}},
        ],
    },
    "orders": {
        "line_items": [{"variant_id": {"$ref": "products", "field": "variants[].id"}, "quantity": PIECES}],
        "customer": {"email": "golive@example.com", "first_name": "Go", "last_name": "Live"},
        "billing_address": ADDRESS,
    },
    "payment_terms": {"due_days": 30},
    "purchase_orders": {"line_items": [{"item": ITEM, "quantity": QUANTITY, "unit_amount": UNIT_AMOUNT}]},
    "sales_orders": {"currency_code": "USD", "issue_date": DAY, "line_items": [{"item": ITEM_OF_LINE}]},
    "sales_receipts": {"customer_id": CUSTOMER, "account_id": BANK, "currency_code": "USD"},
    "tax_rates": {"components": [{"name": {"$unique": "golive "}, "rate": 7.25}]},
}
"""What a smallest create holds beside, or instead of, what the contract alone would give: rows that belong together,
and what a platform refuses to do without (a journal that balances, two accounts of one currency, a payment's party)."""

SEVERAL: Mapping[tuple[str, str], list[Values]] = {
    ("bank_feed_transactions", "transactions"): [
        {
            "transaction_id": {"$unique": "golive-"},
            "posted_at": DAY,
            "amount": amount,
            "description": {"$unique": "golive "},
            "transaction_type": kind.lower(),
            "debit_credit_memo": kind,
        }
        for amount, kind in ((AMOUNT, "DEBIT"), (-CHANGED_AMOUNT, "CREDIT"))
    ],
    ("vendors", "subsidiaries"): [
        {"id": {"$ref": "subsidiaries"}, "primary": True},
        {"id": {"$ref": "subsidiaries", "skip": 1}, "primary": False},
    ],
    ("tax_rates", "components"): [
        {"name": {"$unique": "golive "}, "rate": 7.25},
        {"name": {"$unique": "golive "}, "rate": 1.5},
    ],
}
"""What lists are as an optional input: several elements, of which a careless platform keeps the first."""

LEFT_OUT: Mapping[str, frozenset[str]] = {
    "invoice_payments": frozenset({"total_amount"}),
    "invoices": frozenset({"line_items[].additional_fields.linked_sales_order"}),
    "products": frozenset(
        {"additional_fields.amazon", "category_id", "variants[].id", "variants[].inventory.location_id"}
    ),
    "items": frozenset({"additional_fields.quantity_on_hand_adjustment_account_id"}),
}
"""Optional inputs that are not generated, with all below them: the amounts of `linked_invoices` say the total of a
payment; Amazon listings, stock locations and ids in a form that no list of this API has cannot be made up."""

EUR = {"currency_code": "EUR"}
INVENTORY: Values = {
    "type": "inventory",
    "asset_account_id": account("other_current_asset"),
    "quantity_on_hand": 7,
    "bill_item": {"account_id": account("cost_of_goods_sold"), "unit_price": "31.50"},
    "additional_fields.inventory_start_date": "2024-03-01",
}
DISCOUNTED = {"line_items[].item": {"id": ITEM, "quantity": 2, "unit_amount": 500}, "line_items[].total_amount": 900}
TERMS = {"discount_days": 10, "discount_percent": 2, "due_days": 30}

TOGETHER: Mapping[tuple[str, str], Values] = {
    ("bills", "currency_rate"): {**EUR, "vendor_id": {**VENDOR, "prefer": {"currency_codes[]": "EUR"}}},
    ("bills", "line_items[].item"): {"line_items[].account_id": None},
    ("bills", "line_items[].discount_item_id"): {"line_items[].discount_amount": 25.5},
    ("bills", "linked_purchase_orders"): {"vendor_id": {"$ref": "purchase_orders", "field": "vendor_id"}},
    ("bills", "line_items[].additional_fields.task_id"): {"line_items[].project_id": {"$ref": "projects"}},
    ("bill_credit_memos", "line_items[].item"): {"line_items[].account_id": None},
    ("bill_payments", "currency_rate"): bill_payment("EUR"),
    ("customer_refunds", "currency_rate"): EUR,
    ("expenses", "currency_rate"): EUR,
    ("expenses", "line_items[].additional_fields.task_id"): {"line_items[].project_id": {"$ref": "projects"}},
    ("expenses", "line_items[].additional_fields.item"): {"line_items[].account_id": None},
    ("invoice_payments", "currency_rate"): invoice_payment("EUR"),
    ("invoices", "line_items[].discount_amount"): {**DISCOUNTED, "line_items[].discount_amount": 100},
    ("invoices", "line_items[].discount_item_id"): {**DISCOUNTED, "line_items[].discount_amount": 100},
    ("invoices", "line_items[].additional_fields.discount_percentage"): DISCOUNTED,
    ("invoices", "line_items[].additional_fields.rev_rec_start_date"): {
        "line_items[].additional_fields.rev_rec_end_date": "2024-12-31"
    },
    ("invoices", "line_items[].additional_fields.rev_rec_end_date"): {
        "line_items[].additional_fields.rev_rec_start_date": "2024-03-01"
    },
    ("items", "asset_account_id"): INVENTORY,
    ("items", "quantity_on_hand"): INVENTORY,
    ("items", "additional_fields.inventory_start_date"): INVENTORY,
    ("items", "additional_fields.discount_account_id"): {"type": "discount"},
    ("journal_entries", "currency_rate"): EUR,
    ("journal_entries", "line_items[].additional_fields.tax_account_id"): {
        "line_items[].tax_rate_id": {"$ref": "tax_rates"}
    },
    ("payment_terms", "discount_days"): TERMS,
    ("payment_terms", "discount_percent"): TERMS,
    ("purchase_orders", "currency_rate"): {"currency": "EUR"},
}
"""(resource, optional input) -> what has to be sent beside it: a rate goes with a foreign currency, a discount with the
item that carries it, a task with its project. None takes something out of the smallest create."""
