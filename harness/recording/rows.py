"""Objects that stand in several answers are written once, and named where they stand.

`@ bills/3` is the third object that some list showed under `bills`, `@ bills/1-100` a hundred of them in order. What
answers of several groups show stands in the platform's `shared.rows`; what only answers of one group show stands in
its own cassette, under names that begin with `own/`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.recording.jsontext import LONG, compact

LEAST_FIELDS = 5
MARK = "@ "
OWN = "own/"
NAME = re.compile(rb'"@ ([^"]+)"')
RANGE = re.compile(r"(?P<list>.+)/(?P<first>\d+)-(?P<last>\d+)")
PLAIN = re.compile(r"\w+")


@dataclass(slots=True)
class Sightings:
    """Where the objects of a platform's answers were seen, in the order of the first time. By the object's text:
    list, group (None: several), how often."""

    seen: dict[bytes, tuple[str, str | None, int]] = field(default_factory=dict)

    def note(self, group: str, body: Any) -> None:
        """Look through an answer of a group."""
        for name, row in objects(body):
            text = compact(row)
            if LONG.search(text):
                continue  # it may hold an integer that is written as it is
            known = self.seen.get(text)
            if known is None:
                self.seen[text] = name, group, 1
            else:
                self.seen[text] = known[0], group if known[1] == group else None, known[2] + 1

    def names(self, group: str | None) -> dict[bytes, str]:
        """The names of what only this group showed, more than once; of what several showed when it is None."""
        numbers: Counter[str] = Counter()
        found = {}
        for text, (name, where, times) in self.seen.items():
            if where == group and times > 1:
                numbers[name] += 1
                found[text] = f"{OWN if group else ''}{name}/{numbers[name]}"
        return found


def objects(body: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects that an answer holds under its own keys, with the key: a page's rows, an entity."""
    for name, item in body.items() if isinstance(body, dict) else ():
        for found in item if isinstance(item, list) else [item]:
            if isinstance(found, dict) and isinstance(found.get("id"), str) and len(found) >= LEAST_FIELDS:
                yield name if PLAIN.fullmatch(name) else "rows", found


def named(body: Any, names: Mapping[bytes, str]) -> Any:
    """A body with names for the objects that have one; None when there is none to name, or a text looks like one."""
    if b'"@ ' in compact(body) or not any(compact(row) in names for _, row in objects(body)):
        return None

    def one(item: Any) -> Any:
        name = names.get(compact(item)) if isinstance(item, dict) and "id" in item else None
        return f"{MARK}{name}" if name else item

    return {
        key: list(_joined(one(part) for part in item)) if isinstance(item, list) else one(item)
        for key, item in body.items()
    }


def _joined(items: Iterator[Any]) -> Iterator[Any]:
    """Names that follow each other as one."""
    run: tuple[str, int, int] | None = None
    for item in items:
        place = _place(item)
        if run is not None and place == (run[0], run[2] + 1):
            run = (run[0], run[1], run[2] + 1)
            continue
        if run is not None:
            yield _range(*run)
        run = (place[0], place[1], place[1]) if place is not None else None
        if run is None:
            yield item
    if run is not None:
        yield _range(*run)


def _place(item: Any) -> tuple[str, int] | None:
    if not isinstance(item, str) or not item.startswith(MARK):
        return None
    name, _, number = item.rpartition("/")
    return name, int(number)


def _range(name: str, first: int, last: int) -> str:
    return f"{name}/{first}" if first == last else f"{name}/{first}-{last}"


def filled(template: bytes, row: Callable[[str], bytes]) -> bytes:
    """The JSON text of a body whose names are replaced by the objects' texts."""

    def texts(match: re.Match[bytes]) -> bytes:
        name = match[1].decode()
        found = RANGE.fullmatch(name)
        if found is None:
            return row(name)
        numbers = range(int(found["first"]), int(found["last"]) + 1)
        return b",".join(row(f"{found['list']}/{number}") for number in numbers)

    return NAME.sub(texts, template)
