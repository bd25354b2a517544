"""Injected wrong behaviours: what a subtly broken API does, switched on by name."""

from harness.emulator.defects.registry import Defect, all_defects, chosen

__all__ = ["Defect", "all_defects", "chosen"]
