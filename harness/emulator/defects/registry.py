"""The registry of defects: each has a name, what it does, and which checks have to notice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from harness.contract.loader import suggest
from harness.errors import UsageError

Hear = Callable[[Any, Any], Any]
Spoil = Callable[[Any, Any, Any], None]


@dataclass(frozen=True, slots=True)
class Defect:
    """`hear(api, request)` may change the request or answer early; `spoil(api, request, answer)` changes the answer.
    `trips` are the ids of the checks that have to notice; `resource` is one on which it shows."""

    name: str
    about: str
    trips: tuple[str, ...]
    resource: str
    hear: Hear
    spoil: Spoil


_REGISTRY: dict[str, Defect] = {}


def _hear_nothing(_api: Any, _request: Any) -> None:
    """Leave the request as it is."""


def _spoil_nothing(_api: Any, _request: Any, _answer: Any) -> None:
    """Leave the answer as it is."""


def register(
    name: str,
    about: str,
    trips: tuple[str, ...],
    *,
    resource: str = "bills",
    hear: Hear = _hear_nothing,
    spoil: Spoil = _spoil_nothing,
) -> Defect:
    """Add a defect; TypeError when the name is taken or it does nothing."""
    if name in _REGISTRY:
        raise TypeError(f"defect {name!r} is registered twice")
    if hear is _hear_nothing and spoil is _spoil_nothing:
        raise TypeError(f"defect {name!r} does nothing")
    _REGISTRY[name] = Defect(name, about, trips, resource, hear, spoil)
    return _REGISTRY[name]


@cache
def all_defects() -> Mapping[str, Defect]:
    """Every defect by name."""
    package = import_module("harness.emulator.defects")
    for module in iter_modules(package.__path__):
        import_module(f"harness.emulator.defects.{module.name}")
    return dict(sorted(_REGISTRY.items()))


def chosen(names: tuple[str, ...]) -> tuple[Defect, ...]:
    """The defects of these names; UsageError with the nearest right name otherwise."""
    known = all_defects() if names else {}
    for name in names:
        if name not in known:
            raise UsageError(f'unknown defect "{name}"{suggest(name, known)}')
    return tuple(known[name] for name in names)
