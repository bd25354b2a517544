"""Where ids come from: seeded, so that two runs are alike, and never repeated after a restart on a file."""

import random
import uuid


class IdSource:
    """Version 4 uuids from a seeded source. `boot` counts the starts on one database: each start has its own ids."""

    def __init__(self, seed: int, boot: int) -> None:
        self._random = random.Random(f"{seed}:{boot}")  # noqa: S311 - ids of a double are no secrets

    def __call__(self) -> str:
        """A fresh uuid."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
