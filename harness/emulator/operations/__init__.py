"""Operations that are more than list, get, create, update and delete: one module an area, behind a registry."""

from harness.emulator.operations.registry import Call, Special, specials

__all__ = ["Call", "Special", "specials"]
