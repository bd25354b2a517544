"""Many byte strings looked for at once, in short texts: at the cost of one look-up a letter, however many there are."""

import re
from collections.abc import Iterable, Iterator, Mapping

LONGEST_HEAD = 8
LONGEST_TEXT = 20_000
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
        if len(text) < size:
            return False
        if len(text) > LONGEST_TEXT:
            return any(needle in text for needle in self._needles)
        parts = [text[place : place + size] for place in range(len(text) - size + 1)]
        if self._heads.keys().isdisjoint(parts):
            return False
        return any(needle in text for part in self._heads.keys() & set(parts) for needle in self._heads[part])


class Cores:
    """Letters and digits, as `bare` leaves them, and what they are of: `cased` as they are, `folded` in small letters
    or capitals."""

    def __init__(self, cased: Mapping[bytes, str], folded: Mapping[bytes, str]) -> None:
        self._cased = {core: by for core, by in cased.items() if core.lower() not in folded}
        self._folded = dict(folded)
        self._heads = Needles({core.lower() for core in (*self._cased, *self._folded)})

    def are_in(self, letters: bytes) -> bool:
        """Whether at least one of them is in letters."""
        small = letters.lower()
        return self._heads.are_in(small) and next(self._found(letters, small), None) is not None

    def are_lowered_in(self, letters: bytes) -> bool:
        """Whether one of them may be in letters of which somebody has made small ones."""
        return self._heads.are_in(letters.lower())

    def spans(self, letters: bytes) -> Iterator[tuple[int, int, str]]:
        """(begin, end, what it is of) of each place where one of them is."""
        small = letters.lower()
        return self._found(letters, small) if self._heads.are_in(small) else iter(())

    def _found(self, letters: bytes, small: bytes) -> Iterator[tuple[int, int, str]]:
        for cores, text in ((self._folded, small), (self._cased, letters)):
            for core, by in cores.items():
                if core in text:
                    for match in re.finditer(re.escape(core), text):
                        yield match.start(), match.end(), by
