"""Dynamics 365 Business Central."""

from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("told", "bills can be created and updated and not deleted", "S23: DELETE bills is NetSuite and QuickBooks"),
    Fact("told", "neither invoices nor customers: the contract's platform lists", "S23"),
    Fact("told", "time zone rules of its dates are not documented", "UNKNOWN"),
)
