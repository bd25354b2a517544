"""Values of filterable and sortable fields as texts that compare as the values do, byte by byte.

`0` and 16 digits: a number, or an instant in Unix milliseconds (`b` behind it: a boolean). `1` and the text: a text.
`2`: no value, so that nulls sort last. Numbers sort before texts. Both databases compare the keys as bytes, so that
case and accents count.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from harness.emulator.clock import read_millis

MISSING = "2"
SPREAD = 2
"""The first so many columns hold keys that hardly two rows share: there is no index that has rows of one such key
newest first. `layout.SPREAD` names their fields."""
LONGEST = 500
"""Characters of a text that are kept in its key: an index entry of PostgreSQL holds 2,700 bytes."""
LARGEST = 2**62
"""Bounds beyond it are cut to it: no instant lies there, and 64-bit columns can be compared with it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A field that a list filters or sorts by. `instant`: its values count as moments, not as texts."""

    field: str
    instant: bool = False


UPDATED = Slot("updated_at", instant=True)


@dataclass(frozen=True, slots=True)
class Layout:
    """The slots of one resource, in the order of the columns `k0`, `k1`... `timed`: its documents have `updated_at`,
    which has a column of its own, in milliseconds."""

    slots: tuple[Slot, ...] = ()
    timed: bool = True

    def column(self, slot: Slot) -> str | None:
        """The column of a slot; None when the resource does not have it."""
        if slot == UPDATED and self.timed:
            return "updated"
        return f"k{self.slots.index(slot)}" if slot in self.slots else None

    def keys(self, document: dict[str, Any]) -> list[str]:
        """The keys of a document."""
        get = document.get
        return [_instant(get(slot.field)) if slot.instant else of_value(get(slot.field)) for slot in self.slots]

    def name(self) -> str:
        """What tells this layout from another one."""
        return ",".join(slot.field + ("@" if slot.instant else "") for slot in self.slots)


def of_value(value: Any) -> str:
    """The key of a JSON value."""
    if isinstance(value, str):
        return of_text(value)
    if isinstance(value, bool):
        return of_number(value) + "b"
    if isinstance(value, (int, float)):
        return of_number(value)
    return MISSING


def of_text(text: str) -> str:
    """The key of a text: itself, or its beginning and a digest."""
    text = storable(text)
    return "1" + text if len(text) <= LONGEST else f"1{text[:LONGEST]}\1{_digest(text)}"


def of_number(value: float) -> str:
    """The key of a number: the bits of its double, made to grow with it."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", min(max(value, -LARGEST), LARGEST) + 0.0))
    return f"0{bits ^ (0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else 1 << 63):016x}"


def _instant(value: Any) -> str:
    return _moment(value) if isinstance(value, str) else MISSING


@lru_cache(maxsize=1024)
def _moment(text: str) -> str:
    """The key of an instant: a document holds the same one several times, and so do many documents."""
    moment = read_millis(text)
    return MISSING if moment is None else of_number(moment)


def storable(text: str) -> str:
    """The text as both databases can hold it: without NUL and without halves of surrogate pairs."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
