"""Walking JSON objects along dotted field paths, `[]` behind arrays."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

MISSING = object()
"""The key is not there although its parent is."""


def places(row: Any, path: str) -> Iterator[Any]:
    """The value at `path` in each parent object that exists: the value, or MISSING. Nothing for absent parents."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    if not isinstance(row, Mapping):
        return
    if not rest:
        found = row.get(name, MISSING)
        if head.endswith("[]") and isinstance(found, list):
            yield from found
        else:
            yield found
        return
    inner = row.get(name)
    for item in inner if head.endswith("[]") and isinstance(inner, list) else (inner,):
        yield from places(item, rest)


def values(row: Any, path: str) -> list[Any]:
    """Every value at `path` that is there and not null."""
    return [value for value in places(row, path) if value is not MISSING and value is not None]


def first(row: Any, path: str) -> Any:
    """The first value at `path`; None when there is none."""
    return next(iter(values(row, path)), None)


def is_empty(value: Any) -> bool:
    """Whether a value tells nothing: null, missing, an empty text, array or object."""
    return value is MISSING or value is None or value in ("", [], {})


def short(value: Any, length: int = 80) -> str:
    """A value for a person."""
    text = "nothing (the key is missing)" if value is MISSING else repr(value)
    return text if len(text) <= length else text[: length - 3] + "..."


def exact(value: Any) -> Decimal | None:
    """A JSON number, or a text that is one, as a decimal; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def differences(left: Any, right: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values differ: (path, left value, right value). Numbers are equal by value, not by spelling."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for name in dict.fromkeys((*left, *right)):
            inner = f"{path}.{name}" if path else str(name)
            if name not in left or name not in right:
                yield inner, left.get(name, MISSING), right.get(name, MISSING)
            else:
                yield from differences(left[name], right[name], inner)
    elif isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            yield path, left, right
            return
        for first_item, second_item in zip(left, right, strict=True):
            yield from differences(first_item, second_item, f"{path}[]")
    elif isinstance(left, bool) or isinstance(right, bool) or type(left) is not type(right):
        both_numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if isinstance(left, bool) is not isinstance(right, bool) or not both_numbers or left != right:
            yield path, left, right
    elif left != right:
        yield path, left, right
