"""Sage Intacct, first integration."""

from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("filter", "ignored", "H:8753216581: all rows come back, without an error"),
    Fact("told", "updated_at_min, updated_at_max and last_synced_at_min are not deprecated here", "S24"),
    Fact("told", "id_type does not work: the contract's x-platforms-excluded", "S24"),
)
