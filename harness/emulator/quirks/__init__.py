"""What platforms do otherwise than each other: one small module a platform, each fact with its source."""

from harness.emulator.quirks.registry import Fact, facts, platforms, quirk

__all__ = ["Fact", "facts", "platforms", "quirk"]
