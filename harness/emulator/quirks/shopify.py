"""Shopify."""

from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("told", "an order update changes its status alone", "S24: UpdateOrderBody"),
    Fact("told", "fulfilments name a location: the contract's x-platforms on location_id", "S24"),
    Fact("told", "expand=category_id works on products", "S24: expand"),
    Fact("told", "the open option of Link needs storeName", "LB: open options"),
    Fact("told", "time zone rules of its dates are not documented", "UNKNOWN"),
)
