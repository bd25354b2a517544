"""What is mirrored: each resource with its address, the key of its list, and whether a walk may begin at a time."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A resource. `incremental` says that its list can be sorted by, and begin at, `last_synced_at`."""

    name: str
    path: str
    key: str
    incremental: bool


ACCOUNTING = (
    "accounts", "vendors", "customers", "items", "bills", "bill_credit_memos", "bill_payments", "invoices",
    "invoice_credit_memos", "invoice_payments", "expenses", "journal_entries", "purchase_orders", "sales_orders",
    "bank_deposits", "bank_transfers", "classes", "departments", "locations", "subsidiaries", "projects", "tasks",
    "currencies", "payment_methods", "payment_terms", "tax_rates", "customer_refunds",
)  # fmt: skip
"""In the order of their dependencies: what others refer to comes first. Source: implementation checklist, step 2."""

COMMERCE = {"products": "products", "orders": "orders", "commerce_customers": "customers", "payouts": "payouts"}

MIRRORED: Mapping[str, Mirrored] = {
    **{name: Mirrored(name, f"/accounting/{name}", name, incremental=True) for name in ACCOUNTING},
    **{name: Mirrored(name, f"/{key}", key, incremental=False) for name, key in COMMERCE.items()},
}
"""Commerce lists know neither sort nor `last_synced_at` (section 4): they are walked whole."""

UNSORTED_PLATFORMS = frozenset({"SAGE_INTACCT", "SAGE_BUSINESS_CLOUD"})
"""Lists there have no `sort`; `last_synced_at_min` works. Source: [S24] ListParamsWithClassicFilters."""
