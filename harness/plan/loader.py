"""Plan, checklist and attestation files to models. All problems of a file are reported at once, each with its line."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.contract import Contract
from harness.contract.loader import suggest
from harness.errors import PlanError
from harness.plan.model import Attestation, Checklist, Plan
from harness.plan.names import unknown_names
from harness.plan.yaml_source import Place, Source, read_yaml

ROOT = Path(__file__).resolve().parents[2]
PLANS = ROOT / "plans"
NOT_PLANS = frozenset({"checklist.yaml", "attestations.yaml", "rollout.yaml", "backend.yaml"})

M = TypeVar("M", bound=BaseModel)


def default_plan_paths() -> list[Path]:
    """The shipped plans, sorted by name."""
    return sorted(path for path in PLANS.glob("*.yaml") if path.name not in NOT_PLANS)


def load_plan(path: Path, contract: Contract, *, check_ids: frozenset[str] = frozenset()) -> Plan:
    """One plan, every name in it held against the contract. `check_ids` are the known checks for `advisory`; empty
    leaves these names unchecked. Raises PlanError that lists every problem with file:line."""
    source = read_yaml(path)
    plan = _validate(Plan, source)
    problems = [_at(source, place, message) for place, message in unknown_names(plan, contract, check_ids)]
    _raise(problems)
    return plan


def load_plans(paths: Iterable[Path], contract: Contract, *, check_ids: frozenset[str] = frozenset()) -> list[Plan]:
    """Several plans; the problems of all files together; the same plan id twice is one of them."""
    plans: list[Plan] = []
    problems: list[str] = []
    seen: dict[str, Path] = {}
    for path in paths:
        try:
            plan = load_plan(path, contract, check_ids=check_ids)
        except PlanError as error:
            problems.append(str(error))
            continue
        if plan.plan in seen:
            problems.append(f'{path}: plan "{plan.plan}" is also in {seen[plan.plan]}; give one of them another name')
        seen[plan.plan] = path
        plans.append(plan)
    _raise(problems)
    if not plans:
        raise PlanError("no plan was given and none is shipped", path=str(PLANS))
    return plans


def load_checklist(path: Path | None = None) -> Checklist:
    """The implementation checklist; the shipped one unless given. Ids are unique, each item is decided in one way."""
    source = read_yaml(path or PLANS / "checklist.yaml")
    checklist = _validate(Checklist, source)
    problems: list[str] = []
    seen: set[str] = set()
    for index, item in enumerate(checklist.items):
        if item.id in seen:
            problems.append(_at(source, ("items", index, "id"), f'item "{item.id}" stands twice'))
        seen.add(item.id)
        ways = [item.decide.cases, item.decide.attestation, item.decide.later]
        if sum(way is not None for way in ways) != 1:
            message = f'item "{item.id}" needs exactly one of cases, attestation, later'
            problems.append(_at(source, ("items", index, "decide"), message))
    _raise(problems)
    return checklist


class _Attestations(BaseModel):
    attestations: tuple[Attestation, ...] = ()


def load_attestations(path: Path | None = None, *, checklist: Checklist | None = None) -> tuple[Attestation, ...]:
    """What people attested; the shipped file unless given. Dates are YYYY-MM-DD; items must exist, each once."""
    place = path or PLANS / "attestations.yaml"
    if not place.exists():
        return ()
    source = read_yaml(place)
    loaded = _validate(_Attestations, source).attestations
    known = {item.id for item in checklist.items} if checklist else None
    problems: list[str] = []
    seen: set[str] = set()
    for index, item in enumerate(loaded):
        where: Place = ("attestations", index)
        if known is not None and item.item not in known:
            problems.append(_at(source, (*where, "item"), f'unknown item "{item.item}"{suggest(item.item, known)}'))
        if item.item in seen:
            problems.append(_at(source, (*where, "item"), f'"{item.item}" is attested twice; keep the newer'))
        seen.add(item.item)
        for name in ("when", "until"):
            try:
                date.fromisoformat(getattr(item, name))
            except ValueError:
                problems.append(_at(source, (*where, name), f'{name} "{getattr(item, name)}" is not "YYYY-MM-DD"'))
    _raise(problems)
    return loaded


def _validate(model: type[M], source: Source) -> M:
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        _raise([_at(source, place, message) for place, message in _problems(error, model, source.data)])
        raise


def _problems(error: ValidationError, model: type[BaseModel], data: Any) -> Iterator[tuple[Place, str]]:
    """Pydantic's findings as sentences; alternatives of a union that failed together are said once."""
    told: set[Place] = set()
    for item in error.errors():
        place = _real(item["loc"], data)
        if item["type"] == "extra_forbidden":
            allowed = _keys_at(model, place[:-1])
            yield place, f'unknown key "{place[-1]}"{suggest(str(place[-1]), allowed)}'
        elif item["type"] == "missing":
            yield place, f'key "{item["loc"][-1]}" is missing'
        elif place not in told:
            yield place, f"{_dotted(place)}: {item['msg'][0].lower()}{item['msg'][1:]}, found {_short(item['input'])}"
        told.add(place)


def _real(location: tuple[Any, ...], data: Any) -> Place:
    """Pydantic's location without the names of union members, which are no keys of the file."""
    place: list[str | int] = []
    value = data
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        elif not last or (isinstance(part, str) and part[:1].isupper()) or part in {"bool", "[key]"}:
            continue
        place.append(part)
    return tuple(place)


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys allowed at a place, found by walking the models' annotations."""
    from harness.plan.schema import keys_at

    return keys_at(model, place)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _dotted(place: Place) -> str:
    return ".".join(str(part) for part in place)


def _at(source: Source, place: Place, message: str) -> str:
    return f"{source.path}:{source.line(place)}: {message}"


def _raise(problems: list[str]) -> None:
    if problems:
        raise PlanError("\n".join(problems))
