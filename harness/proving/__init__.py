"""Proving the provers: would the plans notice each defect of the emulator, and nothing without one?"""

from harness.proving.engine import ProveOrder, prove

__all__ = ["ProveOrder", "prove"]
