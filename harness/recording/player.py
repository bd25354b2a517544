"""Replaying: each request is answered from its chapter, or it is a miss that says what comes nearest."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any
from unicodedata import normalize
from urllib.parse import parse_qsl

from harness.core import Redactor
from harness.errors import HarnessError
from harness.recording.cassette_file import Library
from harness.recording.interaction import LOSSLESS, Answer, Asked, asked

MOST_TOLD = 8
"""Differences from the nearest recorded request that a miss tells."""

LONGEST_TOLD = 200
"""Letters of one value that it tells."""


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
        self.last = ""
        """The last request, redacted."""

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
        self.last = f"{request.method} {request.uri}"
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
        before = self._writes[self._group, self._chapter, request.resource]
        recorded = list(self._recorded(library, request.resource))
        if not recorded:
            return f"{where}: nothing was recorded in this chapter. Record again: golive record"
        place, nearest, writes = min(recorded, key=lambda item: _distance(request, item[1], abs(item[2] - before)))
        told = differences(request, nearest)
        if request.resource == nearest.resource and writes != before:
            told.append(f"writes to {request.resource} before it are {before}, recorded {writes}")
        more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        return (
            f"{where} was not recorded. The nearest is {nearest.method} {nearest.uri} (line {library.line(place)}): "
            f"{'; '.join(told[:MOST_TOLD])}{more}. Record again when the change is meant: golive record"
        )

    def _recorded(self, library: Library, resource: str) -> Iterator[tuple[tuple[int, int], Asked, int]]:
        """What the chapter holds: place, request, and how many writes to a resource were recorded before it."""
        writes = 0
        for place in library.chapters.get(self._chapter, ()):
            item = library.interaction(self._chapter, place).asked
            yield place, item, writes
            writes += item.is_write and item.resource == resource


def differences(wanted: Asked, found: Asked) -> list[str]:
    """How a request differs from a recorded one: method, path, each query parameter, header and field of the body."""
    one, two = _fields(wanted), _fields(found)
    told = [
        "{} is {}, recorded {}".format(path, *_apart(one.get(path, "absent"), two.get(path, "absent")))
        for path in dict.fromkeys([*one, *two])
        if one.get(path) != two.get(path)
    ]
    if not told and wanted.uri != found.uri:
        orders = [", ".join(name for name, _ in _parameters(item)) or "none" for item in (wanted, found)]
        return [f"the order of query parameters is {orders[0]}, recorded {orders[1]}"]
    return told


def _apart(one: str, two: str) -> tuple[str, str]:
    """Two different texts as they are shown: long ones from where they differ, escaped when they look alike."""
    if normalize("NFKC", one) == normalize("NFKC", two) or not (one.isprintable() and two.isprintable()):
        one, two = ascii(one), ascii(two)
    if max(len(one), len(two)) <= LONGEST_TOLD:
        return one, two
    start = max(0, next(index for index, pair in enumerate(zip_longest(one, two)) if pair[0] != pair[1]) - 20)
    shown = [f"{'...' * bool(start)}{text[start : start + LONGEST_TOLD]}" for text in (one, two)]
    return shown[0], shown[1]


def _distance(wanted: Asked, found: Asked, writes: int) -> tuple[int, int, int]:
    """How far two requests are apart; another operation is further than any other field."""
    paths = [item.uri.partition("?")[0].split("/") for item in (wanted, found)]
    other = sum(one != two for one, two in zip_longest(*paths))
    return other + (wanted.method != found.method), len(differences(wanted, found)), writes


def _parameters(request: Asked) -> list[tuple[str, str]]:
    return parse_qsl(request.uri.partition("?")[2], keep_blank_values=True, errors=LOSSLESS)


def _fields(request: Asked) -> dict[str, str]:
    """Each part of a request by its name."""
    query: dict[str, list[str]] = {}
    for name, value in _parameters(request):
        query.setdefault(name, []).append(value)
    return {
        "method": request.method,
        "path": request.uri.partition("?")[0],
        **{f"query {name}": ", ".join(value or '""' for value in values) for name, values in query.items()},
        **{f"header {name}": value for name, value in sorted(request.headers.items())},
        **({} if request.kind == "none" else _flat("body", request.body)),
        **({"the body": "text, not JSON"} if request.kind == "text" else {}),
    }


def _flat(path: str, value: Any) -> dict[str, str]:
    if isinstance(value, dict) and value:
        return {name: text for key, item in value.items() for name, text in _flat(f"{path}.{key}", item).items()}
    if isinstance(value, list) and value:
        return {
            name: text for index, item in enumerate(value) for name, text in _flat(f"{path}[{index}]", item).items()
        }
    return {path: json.dumps(value, ensure_ascii=False)}
