"""Replaying: each request is answered from its chapter, or it is a miss that says what comes nearest."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from harness.core import Redactor
from harness.errors import HarnessError
from harness.recording.cassette_file import Library
from harness.recording.interaction import Answer, Asked, asked


class CassetteMiss(HarnessError):
    """A request that was not recorded, or not as often. It never goes to the network."""


class Player:
    """Answers from cassettes. `open_group` gives the library of a group."""

    replays = True

    def __init__(self, open_group: Callable[[str], Library], redactor: Redactor, base_url: str) -> None:
        self._open, self._redactor, self._base_url = open_group, redactor, base_url
        self._libraries: dict[str, Library] = {}
        self._played: Counter[tuple[str, str, str]] = Counter()
        self._writes: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()
        self._group, self._chapter = "", ""
        self.count = 0

    def turn(self, group: str, chapter: str) -> None:
        """What is asked next belongs to this chapter."""
        self._group, self._chapter = group, chapter

    def answer(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        """The recorded answer, each once; CassetteMiss when there is none left."""
        with self._lock:
            library, request, key, found = self._find(method, url, headers, body)
            taken = (self._group, self._chapter, key)
            if self._played[taken] >= len(found):
                raise CassetteMiss(self._told(library, request, len(found)))
            index = self._played[taken]
            self._played[taken] += 1
            self._writes[self._group, self._chapter, request.resource] += request.is_write
            self.count += 1
            return library.answer(found[index], self._base_url)

    def holds(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> bool:
        """Whether a request would be answered now; nothing is played by asking."""
        with self._lock:
            _, _, key, found = self._find(method, url, headers, body)
            return self._played[self._group, self._chapter, key] < len(found)

    def _find(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> tuple[Library, Asked, str, Sequence[tuple[int, int]]]:
        request = asked(self._redactor, self._base_url, method, url, headers, body)
        library = self._library()
        key = request.key(self._writes[self._group, self._chapter, request.resource])
        return library, request, key, library.places.get((self._chapter, key), ())

    def unplayed(self) -> Iterator[tuple[str, str]]:
        """(file: chapter, request) of what the opened cassettes hold and nothing asked for."""
        for group, library in self._libraries.items():
            for (chapter, key), places in library.places.items():
                for place in places[self._played[group, chapter, key] :]:
                    request = library.interaction(chapter, place).asked
                    yield f"{library.path}: {chapter}", f"{request.method} {request.uri}"

    def close(self) -> None:
        """Nothing is open."""

    def _library(self) -> Library:
        found = self._libraries.get(self._group)
        if found is None:
            found = self._libraries[self._group] = self._open(self._group)
        return found

    def _told(self, library: Library, request: Asked, times: int) -> str:
        where = f"{request.method} {request.uri} in {self._chapter or 'no chapter'} ({library.path})"
        if times:
            return f"{where} was recorded {times} times, and all were played"
        recorded = [
            library.interaction(self._chapter, place).asked for place in library.chapters.get(self._chapter, ())
        ]
        if not recorded:
            return f"{where}: nothing was recorded in this chapter. Record again: golive record"
        nearest = min(recorded, key=lambda item: len(differences(request, item)))
        told = "; ".join(differences(request, nearest)[:8]) or "only after another number of writes to its resource"
        return f"{where} was not recorded. The nearest is {nearest.method} {nearest.uri}: {told}"


def differences(wanted: Asked, found: Asked) -> list[str]:
    """Field by field, how a request differs from a recorded one."""
    told = [
        f"{name} is {getattr(wanted, name)}, recorded {getattr(found, name)}"
        for name in ("method", "uri")
        if getattr(wanted, name) != getattr(found, name)
    ]
    one = _flat("", wanted.headers) | _flat("body", wanted.body)
    two = _flat("", found.headers) | _flat("body", found.body)
    told.extend(
        f"{path} is {one.get(path, 'absent')}, recorded {two.get(path, 'absent')}"
        for path in sorted({*one, *two})
        if one.get(path) != two.get(path)
    )
    return told


def _flat(path: str, value: Any) -> dict[str, str]:
    if isinstance(value, dict) and value:
        return {
            name: text for key, item in value.items() for name, text in _flat(f"{path}.{key}".strip("."), item).items()
        }
    if isinstance(value, list) and value:
        return {
            name: text for index, item in enumerate(value) for name, text in _flat(f"{path}[{index}]", item).items()
        }
    return {} if value is None and path == "body" else {path: json.dumps(value, ensure_ascii=False)}
