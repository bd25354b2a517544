"""The world is bad: slow, broken off, overloaded. Faults are switched by name; the API itself stays right."""

from harness.emulator.faults.plan import Faults, Plan
from harness.emulator.faults.registry import FAULTS, Switch, parse

__all__ = ["FAULTS", "Faults", "Plan", "Switch", "parse"]
