"""QuickBooks Desktop."""

from harness.emulator.quirks.quickbooks import BOOKS
from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("document_dates", "midnight", "INFERRED from QuickBooks Online: S24 says QuickBooks"),
    Fact("deletes_told", BOOKS, "D:implementation-guides/monitoring-deleted-objects"),
    Fact("told", "the only platform on which vendors and items can be updated", "S23: PATCH vendors, items"),
    Fact(
        "told", "deletes are noticed by webhooks only: /events does not list the platform", "D:rest/2023-03-14/events"
    ),
)
