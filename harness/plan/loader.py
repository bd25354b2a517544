"""Plan, checklist and attestation files to models. All problems of a file are reported at once, each with its line."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from harness.contract import Contract
from harness.errors import PlanError
from harness.plan.expansion import AREAS
from harness.plan.model import Accepted, Attestation, Attestations, Baseline, Checklist, ChecklistItem, Plan
from harness.plan.names import unknown_names
from harness.plan.problems import Problem, nearest, raise_all, shown
from harness.plan.validation import validated
from harness.plan.yaml_source import Source, read_yaml

ROOT = Path(__file__).resolve().parents[2]
PLANS = ROOT / "plans"
NOT_PLANS = frozenset({"checklist.yaml", "attestations.yaml", "accepted.yaml", "rollout.yaml", "backend.yaml"})


def default_plan_paths() -> list[Path]:
    """The shipped plans, sorted by name."""
    return sorted(path for path in PLANS.glob("*.yaml") if path.name not in NOT_PLANS)


WAYS = ("cases", "attestation", "proof", "strength", "rollout", "later")
"""What can decide a line of the checklist."""


def load_plan(path: Path, contract: Contract, *, check_ids: frozenset[str] = frozenset()) -> Plan:
    """One plan, every name in it held against the contract. `check_ids` are the known checks for `advisory`; empty
    leaves these names unchecked. Raises PlanError that lists every problem with file:line."""
    plan, problems = _plan(path, contract, check_ids)
    raise_all(problems)
    if plan is None:
        raise PlanError("is no plan", path=shown(path))
    return plan


def load_plans(paths: Iterable[Path], contract: Contract, *, check_ids: frozenset[str] = frozenset()) -> list[Plan]:
    """Several plans; the problems of all files together; the same plan id twice is one of them."""
    plans: list[Plan] = []
    problems: list[Problem] = []
    unreadable: list[str] = []
    seen: dict[str, Path] = {}
    for path in paths:
        try:
            plan, found = _plan(path, contract, check_ids)
        except PlanError as error:
            unreadable.append(str(error))
            continue
        problems += found
        if plan is None:
            continue
        if plan.plan in seen:
            message = f'plan "{plan.plan}" is also in {shown(seen[plan.plan])}; give one of them another name'
            problems.append(Problem(shown(path), 1, message))
        seen[plan.plan] = path
        plans.append(plan)
    if unreadable:
        raise PlanError("\n".join([*unreadable, *(str(problem) for problem in sorted(set(problems)))]))
    raise_all(problems)
    if not plans:
        raise PlanError("holds no plan, and none was named on the command line", path=shown(PLANS))
    return plans


def load_checklist(path: Path | None = None) -> Checklist:
    """The implementation checklist; the shipped one unless given. Ids are unique, each item is decided in one way, each
    pattern begins with an area of cases."""
    source = read_yaml(path or PLANS / "checklist.yaml")
    loaded = validated(Checklist, source, {"checklist": "implementation", "source": ""})
    raise_all([*loaded.problems, *(_checklist_problems(loaded.model, source) if loaded.model else ())])
    if loaded.model is None:
        raise PlanError("is no checklist", path=source.path)
    return loaded.model


def load_attestations(path: Path | None = None, *, checklist: Checklist | None = None) -> tuple[Attestation, ...]:
    """What people attested; the shipped file unless given, nothing without a file. Dates are YYYY-MM-DD, items exist
    and wait for an attestation, each once. An expired one is data: the report says that it no longer counts."""
    place = path or PLANS / "attestations.yaml"
    if not place.exists():
        return ()
    source = read_yaml(place)
    loaded = validated(Attestations, source, {"attestations": []})
    words = loaded.model.attestations if loaded.model else ()
    raise_all([*loaded.problems, *_attestation_problems(words, source, checklist)])
    return words


def load_accepted(path: Path | None = None) -> tuple[Accepted, ...]:
    """The baseline of accepted findings; the shipped file unless given, nothing without a file. Dates are YYYY-MM-DD.
    Whether a check of that name exists is said in the report: a line that accepts nothing is shown as such."""
    place = path or PLANS / "accepted.yaml"
    if not place.exists():
        return ()
    source = read_yaml(place)
    loaded = validated(Baseline, source, {"accepted": []})
    lines = loaded.model.accepted if loaded.model else ()
    days = (problem for index, line in enumerate(lines) for problem in _day_problems(line, ("accepted", index), source))
    raise_all([*loaded.problems, *days])
    return lines


def resource_lines(path: Path) -> dict[str, int]:
    """The line on which each resource of a plan begins."""
    source = read_yaml(path)
    return {str(place[1]): line for place, line in source.lines.items() if len(place) == 2 and place[0] == "resources"}


def _plan(path: Path, contract: Contract, check_ids: frozenset[str]) -> tuple[Plan | None, list[Problem]]:
    source = read_yaml(path)
    stand_ins = {"plan": "unnamed", "title": "", "platforms": list(contract.platforms)}
    loaded = validated(Plan, source, stand_ins)
    problems = list(loaded.problems)
    if loaded.model is not None:
        names = unknown_names(loaded.model, contract, check_ids)
        problems += [source.at(place, message) for place, message in names if place not in loaded.wrong]
    return loaded.model, problems


def _checklist_problems(checklist: Checklist, source: Source) -> Iterator[Problem]:
    seen: set[str] = set()
    listed = [("items", index, item) for index, item in enumerate(checklist.items)]
    listed += [("own", index, item) for index, item in enumerate(checklist.own)]
    for part, index, item in listed:
        if item.id in seen:
            yield source.at((part, index, "id"), f'item "{item.id}" stands twice; ids are for one line each')
        seen.add(item.id)
        yield from _decide_problems(item, (part, index), source)


def _decide_problems(item: ChecklistItem, here: tuple[str, int], source: Source) -> Iterator[Problem]:
    decide = item.decide
    ways = [name for name in WAYS if getattr(decide, name) is not None]
    if len(ways) != 1:
        found = " and ".join(ways) or "none of them"
        message = f'item "{item.id}" needs exactly one of {", ".join(WAYS)}; found {found}'
        yield source.at((*here, "decide"), message)
    for number, text in enumerate(decide.cases or ()):
        area = text.partition("/")[0]
        if area not in {*AREAS, "*", "**"}:
            place = (*here, "decide", "cases", number)
            yield source.at(place, f'pattern "{text}" begins with an unknown area{nearest(area, AREAS)}')


def _attestation_problems(
    words: Iterable[Attestation], source: Source, checklist: Checklist | None
) -> Iterator[Problem]:
    items = {item.id: item for item in (*checklist.items, *checklist.own)} if checklist else None
    seen: set[str] = set()
    for index, word in enumerate(words):
        here = ("attestations", index)
        if items is not None and word.item not in items:
            yield source.at((*here, "item"), f'unknown checklist item "{word.item}"{nearest(word.item, items)}')
        elif items is not None and items[word.item].decide.attestation is None:
            message = f'item "{word.item}" is not decided by an attestation; a person\'s word does not count for it'
            yield source.at((*here, "item"), message)
        if word.item in seen:
            yield source.at((*here, "item"), f'"{word.item}" is attested twice; keep the newer one')
        seen.add(word.item)
        yield from _day_problems(word, here, source)


def _day_problems(dated: Attestation | Accepted, here: tuple[str | int, ...], source: Source) -> Iterator[Problem]:
    """What is wrong with `when` and `until`."""
    days = {name: _day(getattr(dated, name)) for name in ("when", "until")}
    for name, day in days.items():
        if day is None:
            yield source.at((*here, name), f'{name} "{getattr(dated, name)}" is no day; write "YYYY-MM-DD"')
    if days["when"] and days["until"] and days["until"] < days["when"]:
        yield source.at((*here, "until"), f"until {dated.until} is before when {dated.when}")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
