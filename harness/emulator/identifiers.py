"""Where ids come from: seeded, so that two runs are alike, and never repeated after a restart on a file."""

import random

OPEN, VERSION_4 = (1 << 96) - 1 & ~(0xF000 << 64 | 0xC000 << 48), 0x4000 << 64 | 0x8000 << 48
"""Of the last 96 bits of a uuid: those that its version and variant leave open, and what these are in version 4."""
LEADING = 0xFFFF_FFFF


class IdSource:
    """Version 4 uuids from a seeded source. `boot` counts the starts on one database: each start has its own ids.

    The first 32 bits count up from a random number, the others are random: so an index of a database grows at its end,
    and the platform ids that are made of those bits grow as a platform's do and are not repeated soon.
    """

    def __init__(self, seed: int, boot: int) -> None:
        self._random = random.Random(f"{seed}:{boot}")  # noqa: S311 - ids of a double are no secrets
        self._leading = self._random.getrandbits(32)

    def __call__(self) -> str:
        """A fresh uuid."""
        self._leading = self._leading + 1 & LEADING
        bits = self._leading << 96 | self._random.getrandbits(96) & OPEN | VERSION_4
        raw = bits.to_bytes(16, "big")
        return f"{raw[:4].hex()}-{raw[4:10].hex('-', 2)}-{raw[10:].hex()}"
