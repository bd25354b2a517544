"""The registry: each defect has a name, what it does, which checks have to notice, and in which kinds of case."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from starlette.types import ASGIApp

from harness.backend.assembly import Backend

Spoil = Callable[[Backend], Backend]
Wrap = Callable[[ASGIApp, Backend], ASGIApp]


def _same(backend: Backend) -> Backend:
    return backend


def _bare(app: ASGIApp, _backend: Backend) -> ASGIApp:
    return app


@dataclass(frozen=True, slots=True)
class Defect:
    """`spoil` gives the backend with a part that is wrong; `wrap` stands between it and HTTP. `trips` are ids of
    checks, `cases` the kinds of case that meet it."""

    name: str
    about: str
    trips: tuple[str, ...]
    cases: tuple[str, ...]
    spoil: Spoil
    wrap: Wrap


_REGISTRY: dict[str, Defect] = {}


def register(
    name: str, about: str, trips: tuple[str, ...], cases: tuple[str, ...], *, spoil: Spoil = _same, wrap: Wrap = _bare
) -> Defect:
    """Add a defect; TypeError when the name is taken or it does nothing."""
    if name in _REGISTRY or (spoil is _same and wrap is _bare):
        raise TypeError(f"defect {name!r} is registered twice or does nothing")
    _REGISTRY[name] = Defect(name, about, trips, cases, spoil, wrap)
    return _REGISTRY[name]


@cache
def all_defects() -> Mapping[str, Defect]:
    """Every defect by name."""
    package = import_module("harness.backend.defects")
    for module in iter_modules(package.__path__):
        import_module(f"harness.backend.defects.{module.name}")
    return dict(sorted(_REGISTRY.items()))


def chosen(names: Iterable[str]) -> tuple[Defect, ...]:
    """The defects of these names; names that are no defect of the backend are left out."""
    wanted = tuple(names)
    known = all_defects() if wanted else {}
    return tuple(known[name] for name in wanted if name in known)
