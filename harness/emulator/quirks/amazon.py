"""Amazon."""

from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("told", "products can be created, and neither updated nor deleted", "S23: products +AMAZON create"),
    Fact("told", "expand=category_id works on products", "S24: expand"),
    Fact("told", "the open option of Link needs a region, upper case", "LB: open options"),
)
