"""Many byte strings looked for at once, in short texts: at the cost of one look-up a letter, however many there are."""

from collections.abc import Iterable

LONGEST_HEAD = 8
LONGEST_TEXT = 2_000
"""Bytes of a text beyond which each needle is looked for by itself: that takes no memory."""


class Needles:
    """Byte strings by how they begin."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._needles = tuple(needle for needle in needles if needle)
        self._size = min((LONGEST_HEAD, *map(len, self._needles)))
        heads: dict[bytes, list[bytes]] = {}
        for needle in self._needles:
            heads.setdefault(needle[: self._size], []).append(needle)
        self._heads = heads

    def are_in(self, text: bytes) -> bool:
        """Whether a text holds at least one of them."""
        size = self._size
        if len(text) > LONGEST_TEXT:
            return any(needle in text for needle in self._needles)
        parts = [text[place : place + size] for place in range(len(text) - size + 1)]
        if self._heads.keys().isdisjoint(parts):
            return False
        return any(needle in text for part in self._heads.keys() & set(parts) for needle in self._heads[part])
