"""What platforms tell without being asked: a small table, one fact a line."""

from collections.abc import Mapping

REAL_TIME = frozenset({"QUICKBOOKS", "XERO"})
"""Changes show at once; elsewhere at the next sync. Source: [D:implementation-guides/webhooks], trap 36."""

DELETES_IN_EVENTS = frozenset({"QUICKBOOKS", "NETSUITE", "XERO"})
"""Platforms whose deletes show in `/events`; the others give an empty array. Source: [D:rest/2023-03-14/events]."""

BOOKS = frozenset({"accounts", "bank_deposits", "bills", "bill_payments", "customers", "expenses", "invoices",
                   "invoice_payments", "items", "journal_entries", "purchase_orders", "vendors"})  # fmt: skip
DELETES_TOLD: Mapping[str, frozenset[str] | None] = {
    "QUICKBOOKS": BOOKS | {"bank_transfers"},
    "QUICKBOOKS_DESKTOP": BOOKS,
    "NETSUITE": None,
    "XERO": None,
}
"""Platform -> resources whose deletes it can tell; None: all (INFERRED, the pages' lists are cut). A platform that is
not here cannot tell: an object vanishes silently. Source: [D:implementation-guides/monitoring-deleted-objects]."""


def tells_delete(platform: str, resource: str) -> bool:
    """Whether a delete made in the platform's own software is noticed."""
    if platform not in DELETES_TOLD:
        return False
    told = DELETES_TOLD[platform]
    return told is None or resource in told
