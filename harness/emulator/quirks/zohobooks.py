"""Zoho Books."""

from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("told", "invoices can be read and not created: the contract's platform lists", "S23"),
    Fact("told", "attachments of expenses alone", "S23: attachments POST"),
    Fact("told", "a date-only value is taken for a date-time: not documented, the setting date_only_input", "UNKNOWN"),
)
