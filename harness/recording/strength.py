"""Would a replay notice a changed request? Each recorded one is altered and asked again: a miss is demanded.

A replay that is green asked exactly what was recorded, so what is altered here is what a replay asks. Only the order of
a body's keys says nothing: with another one it must still be found.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from harness.core import Redactor
from harness.recording.cassette_file import Library
from harness.recording.interaction import Asked
from harness.recording.jsontext import compact
from harness.recording.player import CassetteMiss, Player

BASE = "http://cassette.invalid"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
OTHER = "{{access_token:0000000000}}"
PLACES = 12
"""Fields of one body that are altered, one after the other."""


@dataclass(slots=True)
class Score:
    """Of one case: altered requests that were missed, at once or (`late`) when the case asked for the answer that the
    altered request had taken; those that were `answered` and never missed; `controls` that were tried, and those that
    were `lost` although only the order of keys differs."""

    case: str
    missed: int = 0
    late: int = 0
    answered: list[str] = field(default_factory=list)
    controls: int = 0
    lost: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Missed among altered, 1 when nothing could be altered; 0 when a control was lost."""
        noticed = self.missed + self.late
        tried = noticed + len(self.answered)
        return 0.0 if self.lost else noticed / tried if tried else 1.0


def strength(library: Library) -> list[Score]:
    """The score of each case and shared reading of a cassette, through the player that a replay uses."""
    group = str(library.header.get("group", ""))
    scores = []
    for chapter, places in library.chapters.items():
        player = Player(lambda _: library, Redactor(b"strength"), BASE)
        player.turn(group, chapter)
        score = Score(chapter)
        asked = [library.interaction(chapter, place).asked for place in places]
        for index, request in enumerate(asked):
            for what, changed in altered(request):
                if not player.holds(*_sent(changed)):
                    score.missed += 1
                elif _is_missed_later(library, [*asked[:index], changed, *asked[index + 1 :]], chapter):
                    score.late += 1
                else:
                    score.answered.append(f"{request.method} {request.uri}: {what}")
            if isinstance(request.body, dict):
                score.controls += 1
                if not player.holds(*_sent(request, turned=True)):
                    score.lost.append(f"{request.method} {request.uri}: other order of keys")
            player.answer(*_sent(request))
        scores.append(score)
    return scores


def _is_missed_later(library: Library, requests: list[Asked], chapter: str) -> bool:
    player = Player(lambda _: library, Redactor(b"strength"), BASE)
    player.turn(str(library.header.get("group", "")), chapter)
    try:
        for request in requests:
            player.answer(*_sent(request))
    except CassetteMiss:
        return True
    return False


def altered(request: Asked) -> Iterator[tuple[str, Asked]]:
    """(what, the request with that done to it), one change each."""
    path, _, query = request.uri.partition("?")
    pairs = query.split("&") if query else []
    for index, pair in enumerate(pairs):
        rest = pairs[:index] + pairs[index + 1 :]
        yield f"without {pair.partition('=')[0]}", _at(request, path, rest)
        name, _, value = pair.partition("=")
        if name == "access_token":
            yield "another tenant", _at(request, path, [*pairs[:index], f"{name}={OTHER}", *pairs[index + 1 :]])
        else:
            yield f"another {name}", _at(request, path, [*pairs[:index], f"{name}={value}0", *pairs[index + 1 :]])
    if len(pairs) > 1 and pairs[0] != pairs[1]:
        yield "parameters in another order", _at(request, path, [pairs[1], pairs[0], *pairs[2:]])
    if "authorization" in request.headers:
        other = {**request.headers, "authorization": "Basic {{client_id:0000000000}}:{{client_secret:0000000000}}"}
        yield "another organisation", replace(request, headers=other)
    for place in list(_places(request.body, ()))[:PLACES]:
        for what, body in _changed(request.body, place):
            yield what, replace(request, body=body)


def _at(request: Asked, path: str, pairs: list[str]) -> Asked:
    return replace(request, uri=path + ("?" + "&".join(pairs) if pairs else ""))


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from _places(item, (*path, key))


def _changed(body: Any, place: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """The body without what stands at a place, and with another amount or date there."""
    name = ".".join(map(str, place))
    for what in ("without", "another"):
        changed = deepcopy(body)
        inner = changed
        for key in place[:-1]:
            inner = inner[key]
        if what == "without":
            del inner[place[-1]]
            yield f"without {name}", changed
            continue
        other = _other(inner[place[-1]])
        if other is not None:
            inner[place[-1]] = other
            yield f"another {name}", changed


def _other(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value + 0.01
    if isinstance(value, str) and DAY.match(value):
        try:
            return f"{date.fromisoformat(value[:10]) + timedelta(days=1)}{value[10:]}"
        except (ValueError, OverflowError):
            return None  # an impossible date, sent on purpose
    return None


def _sent(request: Asked, *, turned: bool = False) -> tuple[str, str, list[tuple[str, str]], bytes]:
    """The request as a client sends it; `turned`: the keys of its body in the opposite order."""
    body = request.content() if not turned else compact(_turned(request.body))
    return request.method, BASE + request.uri, list(request.sent_headers.items()), body


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return [_turned(item) for item in value] if isinstance(value, list) else value
