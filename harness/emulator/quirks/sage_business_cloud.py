"""Sage Business Cloud."""

from harness.emulator.quirks.registry import Fact

FACTS = (
    Fact("filter", "ignored", "S24: x-platforms-excluded of filter"),
    Fact("told", "id_type does not work: the contract's x-platforms-excluded", "S24"),
)
