"""QuickBooks Online."""

from harness.emulator.quirks.registry import Fact

BOOKS = frozenset({"accounts", "bank_deposits", "bills", "bill_payments", "customers", "expenses", "invoices",
                   "invoice_payments", "items", "journal_entries", "purchase_orders", "vendors"})  # fmt: skip
FACTS = (
    Fact("document_dates", "midnight", "S24: bill due and issue dates"),
    Fact("real_time", True, "D:implementation-guides/webhooks"),
    Fact("deletes_in_events", True, "D:rest/2023-03-14/events"),
    Fact("deletes_told", BOOKS | {"bank_transfers"}, "D:implementation-guides/monitoring-deleted-objects"),
    Fact("lines_appended", frozenset({"bank_deposits"}), "S24: a line without platform_id is added"),
    Fact("line_needs_party", {"bank_deposits": {"accounts_receivable": "customer_id", "accounts_payable": "vendor_id"}},
         "S24: bank deposit lines"),
    Fact("counts_expected", True, "S24: expected_entity_counts"),
    Fact("told", "one of two platforms with a sandbox: writes there are echoed and not stored", "D:sandbox"),
    Fact("told", "its own developer app is needed; redirect URI quickbooks/proxy/redirect-url", "D:platforms/qbo"),
)  # fmt: skip
