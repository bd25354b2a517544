"""Sage Intacct, second integration: another platform than the first."""

from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("lines_whole", frozenset({"invoices"}), "S24: all lines of an invoice must be sent"),
    Fact("told", "one update becomes several calls of the platform, which may fail half-way", "S24"),
)
