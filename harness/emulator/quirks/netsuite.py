"""NetSuite."""

from harness.emulator.quirks.registry import EVERY, Fact

FACTS = (
    Fact("deletes_in_events", True, "D:rest/2023-03-14/events"),
    Fact("deletes_told", EVERY, "INFERRED: the page's list is wider than any other's"),
    Fact("numbered", ("purchase_orders", "sales_orders"), "INFERRED: the contract takes no number for these there"),
    Fact("line_needs_one_of", {"bills": ("account_id", "item")}, "S24: bill lines"),
    Fact("told", "the only platform with purchase orders, sales orders, subsidiaries to write", "S23"),
    Fact("told", "uploads make a folder 'Upload Attachments (DO NOT DELETE)' and one copy per entity", "D:attachments"),
    Fact("told", "the only platform with generic custom-field writes", "S23: x-supported-platforms"),
    Fact("told", "a OneWorld account refuses a vendor without a subsidiary: the contract's x-required-on", "S24"),
)
