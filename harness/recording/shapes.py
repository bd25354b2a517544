"""The shape of answers: which fields, of which types. Values are let go, so that two days of one API compare."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

TYPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("date-time", re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")),
    ("date", re.compile(r"\d{4}-\d{2}-\d{2}")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("decimal text", re.compile(r"-?\d+(\.\d+)?")),
)
"""What a text is, by its looks; the first that fits."""

LOOKS = frozenset({"text", *(name for name, _ in TYPES)})
"""What a text may look like."""

KINDS = ("gone", "new", "type", "null")


@dataclass(slots=True)
class Shape:
    """By dotted path (`bills[].vendor_id`) the types that were seen; `always` are the paths that no object lacked."""

    types: dict[str, set[str]] = field(default_factory=dict)
    holders: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    def note(self, value: Any, path: str = "") -> None:
        """Look through a JSON value."""
        self.types.setdefault(path, set()).add(_type(value))
        self.seen[path] = self.seen.get(path, 0) + 1
        if isinstance(value, dict):
            self.holders[path] = self.holders.get(path, 0) + 1
            for key, item in value.items():
                self.note(item, f"{path}.{key}".lstrip("."))
        elif isinstance(value, list):
            for item in value:
                self.note(item, f"{path}[]")

    def is_always(self, path: str) -> bool:
        """Whether each object that could hold the field does."""
        if path.endswith("[]"):
            return False  # a list may be empty
        holder = path.rpartition(".")[0]
        return self.seen[path] >= self.holders.get(holder, 0)


@dataclass(frozen=True, slots=True)
class Ignore:
    """Changes that are no drift: of a kind (one of `KINDS`, or `*`) at paths of a pattern (`bills[].memo`)."""

    kind: str
    pattern: str

    def covers(self, kind: str, path: str) -> bool:
        """Whether a change is to be ignored."""
        pattern = self.pattern.replace("[", "[[]")
        return self.kind in {kind, "*"} and fnmatchcase(path, pattern)


def changes(then: Shape, now: Shape, ignored: Iterable[Ignore] = ()) -> Iterator[tuple[str, str, bool]]:
    """(kind, what, whether it breaks a reader) of each difference: a field that every object had and some have not, a
    field that is new, a type that was not seen before, null alone where none was seen. A field of which only null was
    seen then says nothing."""
    rules = tuple(ignored)
    for path in sorted({*then.types, *now.types}):
        holder = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
        if not (now.holders.get(holder) and then.holders.get(holder)) and not path.endswith("[]"):
            continue  # nothing that could hold it on one of the sides
        before, after = then.types.get(path, set()), now.types.get(path, set())
        kind, told, breaks = "", "", False
        if not after and then.is_always(path):
            kind, told, breaks = "gone", f"{path} is gone", True
        elif path in then.types and then.is_always(path) and now.holders.get(holder, 0) > now.seen.get(path, 0) > 0:
            lacking = now.holders[holder] - now.seen[path]
            kind, told, breaks = "gone", f"{path} is gone in {lacking} of {now.holders[holder]}", True
        elif not before and now.is_always(path):
            kind, told = "new", f"{path} is new"
        elif before - {"null"} and (other := _other_types(before, after)):
            kind, told, breaks = "type", f"{path} is {' or '.join(sorted(other))}, was {_listed(before)}", True
        elif after == {"null"} and before and "null" not in before:
            kind, told = "null", f"{path} is always null, was never (it was {_listed(before)})"
        if kind and not any(rule.covers(kind, path) for rule in rules):
            yield kind, told, breaks


def _other_types(before: set[str], after: set[str]) -> set[str]:
    """Types that a reader of those before does not expect. A text may look like anything; another look is none of a
    few rows more, but of all."""
    other = after - before - {"null"}
    if "text" in before:
        other -= LOOKS
    return set() if other <= LOOKS and not before.isdisjoint(after - {"null"}) and before & LOOKS else other


def _listed(types: set[str]) -> str:
    return " or ".join(sorted(types))


def _type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return next((name for name, look in TYPES if look.fullmatch(value)), "text")
        case list():
            return "list"
    return "object"
