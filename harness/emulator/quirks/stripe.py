"""Stripe."""

from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("told", "read only: no operation that writes lists the platform", "S23"),
    Fact("told", "payments and subscriptions: no products, no stores", "S23: x-supported-platforms"),
    Fact("told", "its sync configuration can be set", "S24: SmartSyncSupportedPlatform"),
)
