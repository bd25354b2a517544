"""WooCommerce."""

from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("told", "an order update changes its status alone", "S24: UpdateOrderBody"),
    Fact("told", "no customer groups, no categories, no balance: the contract's platform lists", "S23"),
    Fact("told", "a connection is made from store credentials at /connections/create", "S24"),
)
