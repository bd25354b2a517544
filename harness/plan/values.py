"""One plausible value for one input field: by where it stands, by its name, by its type."""

from collections.abc import Mapping
from typing import Any

from harness.contract import Contract, Field, Resource
from harness.plan.meaning import (
    AMOUNT,
    BANK,
    CHANGED_AMOUNT,
    CUSTOMER,
    DISCOUNT_ITEM,
    ITEM,
    QUANTITY,
    UNIT_AMOUNT,
    VENDOR,
    account,
)

Pair = tuple[Any, Any]
"""(value on create, value on update)."""

BY_NAME: Mapping[str, Pair] = {
    "address1": ("1 Market Street", "10 Downing Street"),
    "address2": ("Suite 300", "Flat 2"),
    "address3": ("Dock 4", "Gate 7"),
    "allocated_at": ({"$date": "2024-03-15"}, {"$date": "2024-04-30"}),
    "bank_account_number": ("000123456789", "000987654321"),
    "bank_account_type": ("checking", "savings"),
    "billing_email": ("Go.Live+ar@example.com", "changed+ar@example.com"),
    "check_number": ("1001", "1002"),
    "city": ("San Francisco", "London"),
    "code": ({"$unique": "GL", "length": 10}, {"$unique": "GC", "length": 10}),
    "country": ("US", "GB"),
    "country_code": ("US", "GB"),
    "currency": ("USD", "USD"),
    "currency_code": ("USD", "USD"),
    "currency_rate": (1.23457, 1.5),
    "debit_credit_memo": ("DEBIT", "CREDIT"),
    "discount_amount": (25.5, 12.25),
    "discount_days": (10, 15),
    "discount_percent": (2, 3),
    "discount_percentage": (10, 5),
    "document_number": ({"$unique": "GL-"}, {"$unique": "00GLC-"}),
    "due_date": ({"$date": "2024-04-14"}, {"$date": "2024-05-31"}),
    "due_days": (30, 45),
    "email": ("Go.Live+ap@example.com", "changed+ap@example.com"),
    "internal_bank_account_id": ({"$unique": "golive-"}, {"$unique": "changed-"}),
    "inventory_start_date": ("2024-03-01", "2024-04-01"),
    "item_id": ({"$unique": "GL", "length": 10}, {"$unique": "GC", "length": 10}),
    "journal_type": ("GJ", "GJ"),
    "language": ("en_US", "en_GB"),
    "last_statement_date": ("2024-02-29", "2024-03-31"),
    "next_payment_date": ("2024-03-29", "2024-04-30"),
    "nominal_code": ({"$unique": "06", "length": 7}, {"$unique": "07", "length": 7}),
    "phone": ("+1 415 555 0134", "+44 20 7946 0958"),
    "memo": ("000123.50", {"$unique": "changed "}),
    "postal_code": ("02139", "SW1A 1AA"),
    "posted_at": ({"$date": "2024-03-15"}, {"$date": "2024-04-30"}),
    "purchases_apr": (19.99, 17.49),
    "quantity": (QUANTITY, 3),
    "quantity_on_hand": (7, 9),
    "rate": (7.25, 8.5),
    "region": ("CA", "England"),
    "registration_number": ("GL123456", "GL654321"),
    "rev_rec_end_date": ("2024-12-31", "2025-12-31"),
    "rev_rec_start_date": ("2024-03-01", "2024-04-01"),
    "routing_number": ("021000021", "011401533"),
    "shipping_amount": (9.95, 12.5),
    "service_date": ({"$date": "2024-03-10"}, {"$date": "2024-04-10"}),
    "ship_date": ("2024-03-20", "2024-04-20"),
    "sku": ({"$unique": "GL-"}, {"$unique": "GLC-"}),
    "src": ("https://example.com/golive.png", "https://example.com/changed.png"),
    "status": ("open", "open"),
    "tags": (["golive", "second of two"], ["changed", "second of two", "third"]),
    "tax_amount": (10.5, 12.25),
    "tax_number": ("12-3456789", "98-7654321"),
    "transaction_date": ({"$date": "2024-03-15"}, {"$date": "2024-04-30"}),
    "transaction_start_date": ("2024-03-01", "2024-04-01"),
    "unit_amount": (UNIT_AMOUNT, 329.25),
    "unit_price": ("49.90", "54.50"),
    "website": ("https://example.com", "https://example.org"),
}
"""Last segment of the path -> values. The memo looks like a number and is none; an e-mail has capitals and a tag; a
code of 7 characters fits QuickBooks, one of 10 fits Xero (INFERRED)."""

BY_PATH: Mapping[tuple[str, str], Pair] = {
    ("bank_feed_transactions", "transactions[].transaction_date"): ("2024-03-15", "2024-04-30"),
    ("bills", "additional_fields.transaction_date"): ("2024-03-15", "2024-04-30"),
    ("bills", "additional_fields.reference"): ({"$unique": "GL-"}, {"$unique": "GLC-"}),
    ("bank_deposits", "linked_payments"): (
        [{"id": {"$ref": "invoice_payments", "prefer": {"deposited": False, "currency_code": "USD"}},
          "type": "invoice_payment"},
         {"id": {"$ref": "invoice_payments", "prefer": {"deposited": False, "currency_code": "USD"}, "skip": 1},
          "type": "invoice_payment"}],
        None,
    ),
    ("bills", "linked_purchase_orders"): ([{"id": {"$ref": "purchase_orders"}}], None),
    ("customer_refunds", "currency_rate"): ("1.23457", "1.5"),
    ("invoice_credit_memos", "line_items[].item"): (
        {"id": ITEM, "quantity": QUANTITY, "unit_amount": str(UNIT_AMOUNT)}, None,
    ),
    ("invoice_credit_memos", "line_items[].total_amount"): (str(AMOUNT), str(CHANGED_AMOUNT)),
    ("journal_entries", "status"): ("approved", "approved"),
    ("orders", "currency_code"): ("USD", "USD"),
    ("products", "status"): ("active", "archived"),
    ("products", "variants[].inventory"): ({"total_count": 12}, None),
    ("products", "variants[].option_values"): (
        [{"name": "Size", "value": "M"}, {"name": "Colour", "value": "Blue"}],
        [{"name": "Size", "value": "L"}, {"name": "Colour", "value": "Red"}],
    ),
    ("products", "variants[].price"): (49.9, 54.5),
    ("products", "variants[].weight"): ({"unit": "kg", "value": 1.25}, None),
    ("items", "type"): ("service", "non_inventory"),
}  # fmt: skip
"""(resource, path) -> values, where the name alone would say too little."""

LEDGERS: Mapping[tuple[str, str], str] = {
    ("accounts", "parent_id"): "expense",
    ("bill_credit_applications", "additional_fields.account_id"): "accounts_payable",
    ("bill_credit_memos", "account_id"): "accounts_payable",
    ("bills", "account_id"): "accounts_payable",
    ("invoice_credit_applications", "account_id"): "accounts_receivable",
    ("invoice_credit_memos", "account_id"): "accounts_receivable",
    ("invoices", "account_id"): "accounts_receivable",
    ("items", "additional_fields.discount_account_id"): "income",
    ("items", "asset_account_id"): "other_current_asset",
    ("items", "bill_item.account_id"): "expense",
    ("items", "invoice_item.account_id"): "income",
    ("journal_entries", "line_items[].additional_fields.tax_account_id"): "other_current_liability",
    ("purchase_orders", "additional_fields.account_id"): "accounts_payable",
    ("vendors", "additional_fields.default_payables_account_id"): "accounts_payable",
}
"""(resource, path) -> account_type. Others are bank accounts, or in lines accounts for income or expense."""

ROWS = {"customers": CUSTOMER, "items": ITEM, "vendors": VENDOR}
SALES = frozenset({"bank_deposits", "customer_refunds", "invoice_credit_memos", "invoices", "sales_receipts"})
UNDEFINED = frozenset({"unknown", "UNKNOWN"})


def scalar(contract: Contract, resource: Resource, field: Field, platform: str, *, other: bool = False) -> Any:
    """A template for a field that is no object; None when nothing sensible can be sent. `other`: a value that differs
    from the one for a create."""
    known = BY_PATH.get((resource.name, field.path))
    if known is None and not _has_own_words(field):
        known = BY_NAME.get(field.name)
    if known is not None:
        return known[1] if other else known[0]
    if field.ref is not None or (resource.name, field.path) in LEDGERS or field.name == "account_id":
        return reference(contract, resource, field, platform)
    return _by_type(field, other=other)


def reference(contract: Contract, resource: Resource, field: Field, platform: str) -> Any:
    """A row for a field that holds an id, two for one that holds several; None when the platform has no list to take
    them from."""
    entity = "account" if field.ref is None else field.ref
    referred = contract.referenced(entity)
    if referred is None or not referred.supports("list", platform):
        return None
    if referred.name == "accounts":
        found: Any = _account(resource.name, field.path)
    elif field.name == "discount_item_id":
        found = dict(DISCOUNT_ITEM)
    else:
        found = dict(
            {"vendors": VENDOR, "customers": CUSTOMER, "items": ITEM}.get(referred.name, {"$ref": referred.name})
        )
    return [found, {**found, "skip": found.get("skip", 0) + 1}] if field.is_array else found


def _account(resource: str, path: str) -> dict[str, Any]:
    kind = LEDGERS.get((resource, path))
    if kind is not None:
        return account(kind)
    if "line_items" in path:
        return account("income" if resource in SALES else "expense")
    return dict(BANK)


def _has_own_words(field: Field) -> bool:
    """A status or another enum whose values are not those of the same name elsewhere."""
    return field.enum is not None and field.name in BY_NAME and BY_NAME[field.name][0] not in field.enum


def _by_type(field: Field, *, other: bool) -> Any:
    """The plainest value of an enum, a format or a type: (on create, on update)."""
    pair: Pair = (None, None)
    usable = [value for value in field.enum or () if value not in UNDEFINED]
    if field.enum:
        pair = (usable[0], usable[-1 if len(usable) == 1 else 1]) if usable else pair
    elif field.format is not None and field.format in BY_FORMAT:
        pair = BY_FORMAT[field.format]
    elif not field.is_array:
        pair = next((found for kind, found in BY_TYPE.items() if kind in field.types), pair)
    return pair[1] if other else pair[0]


BY_FORMAT: Mapping[str, Pair] = {
    "date-time": ({"$date": "2024-03-15"}, {"$date": "2024-04-30"}),
    "date": ("2024-03-15", "2024-04-30"),
    "email": BY_NAME["email"],
    "uuid": (None, None),
}
BY_TYPE: Mapping[str, Pair] = {
    "boolean": (True, False),
    "number": (AMOUNT, CHANGED_AMOUNT),
    "integer": (7, 9),
    "string": ({"$unique": "golive "}, {"$unique": "changed "}),
}
