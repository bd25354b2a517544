"""Where ids come from: seeded, so that two runs are alike, and never repeated after a restart on a file."""

import random

VERSIONED, VERSION_4 = 0xF000 << 64 | 0xC000 << 48, 0x4000 << 64 | 0x8000 << 48
"""The bits of a uuid that its version and variant take, and those of version 4."""


class IdSource:
    """Version 4 uuids from a seeded source. `boot` counts the starts on one database: each start has its own ids."""

    def __init__(self, seed: int, boot: int) -> None:
        self._random = random.Random(f"{seed}:{boot}")  # noqa: S311 - ids of a double are no secrets

    def __call__(self) -> str:
        """A fresh uuid."""
        bits = self._random.getrandbits(128) & ~VERSIONED | VERSION_4
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
