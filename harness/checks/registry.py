"""The registry behind which every check sits. Checks register at import and are validated there."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from re import fullmatch
from typing import Any, TypeVar

from harness.contract.loader import suggest
from harness.core import Finding, Severity
from harness.errors import CheckError, ContractError


@dataclass(frozen=True, slots=True)
class Subject:
    """What every check is given: where the evidence is from. Area modules derive frozen dataclasses from it that add
    evidence and the facts needed to judge it (sent input, expected rows, schema)."""

    case: str
    platform: str | None
    resource: str | None


@dataclass(frozen=True, slots=True)
class Observation:
    """What a check yields for each defect; the registry makes the finding of it. `severity` overrides the check's own
    (only downward, when the fact it rests on is inferred)."""

    message: str
    expected: str
    seen: str
    field: str | None = None
    evidence: tuple[str, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check. `text` is its docstring: what it demands, why it matters, its source."""

    id: str
    severity: Severity
    text: str
    subject: type[Subject]
    function: Callable[[Any], Iterable[Observation]]

    @property
    def area(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


_REGISTRY: dict[str, Check] = {}
F = TypeVar("F", bound=Callable[[Any], Iterable[Observation]])


def check(id: str, *, severity: Severity = Severity.BLOCKER) -> Callable[[F], F]:
    """Register a check under `id` (`area.name`). The function takes one subject, annotated with its type, and yields
    observations; its docstring is what `golive explain` prints."""

    def register(function: F) -> F:
        if not fullmatch(r"[a-z]+\.[a-z][a-z0-9_]*", id):
            raise TypeError(f"check id {id!r} is not of the form area.name")
        if id in _REGISTRY:
            raise TypeError(f"check id {id!r} is registered twice")
        if not function.__doc__:
            raise TypeError(f"check {id!r} has no docstring")
        subject = next(iter(inspect.get_annotations(function, eval_str=True).values()), None)
        if not (isinstance(subject, type) and issubclass(subject, Subject)):
            raise TypeError(f"check {id!r} does not annotate its subject")
        _REGISTRY[id] = Check(id, severity, inspect.cleandoc(function.__doc__), subject, function)
        return function

    return register


@cache
def all_checks() -> Mapping[str, Check]:
    """Every check by id, sorted; imports the modules of `harness.checks` once."""
    package = import_module("harness.checks")
    for module in iter_modules(package.__path__):
        import_module(f"harness.checks.{module.name}")
    return dict(sorted(_REGISTRY.items()))


def get_check(id: str) -> Check:
    """The check of that id; an error with the nearest right id otherwise."""
    checks = all_checks()
    if id not in checks:
        raise ContractError(f'unknown check "{id}"{suggest(id, checks)}')
    return checks[id]


def judge(subject: Subject, ids: Iterable[str], *, advisory: frozenset[str] = frozenset()) -> list[Finding]:
    """Run the named checks on `subject`. `advisory` holds check ids and areas whose findings must not vote.

    Raises CheckError when a check raises: a bug of ours is an error, never a pass.
    """
    return [finding for id in ids for finding in _run(get_check(id), subject, advisory)]


def _run(item: Check, subject: Subject, advisory: frozenset[str]) -> Iterator[Finding]:
    if not isinstance(subject, item.subject):
        raise CheckError(f"check {item.id} judges {item.subject.__name__}, not {type(subject).__name__}")
    try:
        observations = list(item.function(subject))
    except Exception as error:
        raise CheckError(f"check {item.id} raised {type(error).__name__} on case {subject.case}: {error}") from error
    for seen in observations:
        severity = seen.severity or item.severity
        if item.id in advisory or item.area in advisory:
            severity = Severity.ADVISORY
        yield Finding(
            check=item.id,
            severity=severity,
            case=subject.case,
            platform=subject.platform,
            resource=subject.resource,
            field=seen.field,
            message=seen.message,
            expected=seen.expected,
            seen=seen.seen,
            evidence=seen.evidence,
        )
