"""The quirks there are, what holds where no platform says otherwise, and the platforms that say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

Resources = frozenset[str]
EVERY: Resources = frozenset({"*"})
NONE: Resources = frozenset()


@dataclass(frozen=True, slots=True)
class Quirk:
    """One thing in which platforms differ. `default` holds where a platform has no fact of its own."""

    default: Any
    about: str
    source: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What one platform does. `source` is a tag of the facts, INFERRED or UNKNOWN. A fact whose quirk is `told` is only
    told: the contract's own tags already decide it, or it lies outside the API."""

    quirk: str
    value: Any
    source: str


QUIRKS: Mapping[str, Quirk] = {
    "document_dates": Quirk("instant", "document dates: midnight (UTC of their day) or instant", "UNKNOWN"),
    "real_time": Quirk(False, "changes made on the platform show and are told at once, not at the next sync",
                       "D:implementation-guides/webhooks"),
    "deletes_in_events": Quirk(False, "deletes show in /events; elsewhere it is an empty array", "D:rest/events"),
    "deletes_told": Quirk(NONE, "resources whose deletes on the platform are noticed; * is all",
                          "D:implementation-guides/monitoring-deleted-objects"),
    "filter": Quirk("works", "the filter and sort parameters: works, or ignored without a word", "H:8753216581"),
    "lines_appended": Quirk(NONE, "resources where an update adds lines and never removes one", "S24"),
    "lines_whole": Quirk(NONE, "resources whose update has to repeat every line", "S24"),
    "line_needs_one_of": Quirk({}, "resource -> inputs of which a line has exactly one", "S24"),
    "line_needs_party": Quirk({}, "resource -> account type -> the input that a line on such an account needs", "S24"),
    "counts_expected": Quirk(False, "connection status tells how many objects a batch will have", "S24"),
    "numbered": Quirk(NONE, "resources that get a document_number from the platform when none is sent", "INFERRED"),
    "told": Quirk("", "facts that the contract's tags already decide, or that lie outside the API", "own"),
}  # fmt: skip


@cache
def _known() -> Mapping[str, tuple[Fact, ...]]:
    package = import_module("harness.emulator.quirks")
    found: dict[str, tuple[Fact, ...]] = {}
    for module in iter_modules(package.__path__):
        if module.name == "registry":
            continue
        declared: tuple[Fact, ...] = import_module(f"harness.emulator.quirks.{module.name}").FACTS
        for fact in declared:
            if fact.quirk not in QUIRKS:
                raise TypeError(f"{module.name}: there is no quirk {fact.quirk!r}")
        found[module.name.upper()] = declared
    return found


def platforms() -> tuple[str, ...]:
    """The platforms that have facts of their own."""
    return tuple(sorted(_known()))


def facts(platform: str) -> tuple[Fact, ...]:
    """The facts of a platform; none for one that is like the others."""
    return _known().get(platform, ())


@cache
def quirk(platform: str, name: str) -> Any:
    """What holds on a platform: its own fact, or what holds everywhere. KeyError for a quirk that there is not."""
    default = QUIRKS[name].default
    return next((fact.value for fact in facts(platform) if fact.quirk == name), default)


def applies(platform: str, name: str, resource: str) -> bool:
    """Whether a quirk that names resources holds for one of them."""
    named: Resources = quirk(platform, name)
    return resource in named or named == EVERY
