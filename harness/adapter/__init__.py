"""Driving an integration backend through what plans/backend.yaml says it offers, with an emulator as its world."""

from harness.adapter.address import RigAddress
from harness.adapter.rig import Linked, Rig
from harness.adapter.world import EmulatedWorld

__all__ = ["EmulatedWorld", "Linked", "Rig", "RigAddress"]
