"""What a plan lacks: for each defect that slips through, the smallest addition to it that catches the defect.

The shipped plans are the reference: the case of theirs that catches the defect is known by trying, and the smallest
addition that makes the user's plans ask for the same case is found by taking away whatever can be spared. Nothing is
looked up in a table, so checks, cases and defects of any kind are covered.
"""

import copy
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from harness.contract import Contract
from harness.emulator.defects import all_defects
from harness.errors import GoliveError
from harness.plan import Plan, default_plan_paths, expand, load_plans, merge
from harness.proving.bench import selection_of
from harness.proving.choosing import homes_of, trial_of
from harness.proving.orders import BenchOrder, Trial
from harness.proving.pool import open_pool
from harness.proving.rows import row_of
from harness.report.proof_record import DefectRow, Outcome

Rules = dict[str, Any]
Tell = Callable[[str, int, int], None]


def advise(
    rows: Sequence[DefectRow], setup: BenchOrder, contract: Contract, workers: int, tell: Tell
) -> list[DefectRow]:
    """The rows, with advice where a defect slipped through and the shipped plans know better."""
    reference = [path for path in default_plan_paths() if str(path.resolve()) not in setup.plans]
    open_rows = [row for row in rows if row.outcome is not Outcome.CAUGHT]
    if not reference or not open_rows:
        return list(rows)
    plans = load_plans(reference, contract)
    own = load_plans([Path(path) for path in setup.plans], contract)
    catching = _catching(open_rows, reference, plans, setup, contract, workers, tell)
    pieces: dict[str, tuple[str, Rules]] = {}
    for defect, case in catching.items():
        piece = addition(case, own, plans, contract)
        if piece is not None:
            pieces[defect] = (case, piece)
    proven = _tried(open_rows, pieces, setup, contract, workers, tell)
    return [
        row.model_copy(update={"advice": _text(row, *pieces[row.defect]), "advice_case": pieces[row.defect][0]})
        if row.defect in proven
        else row
        for row in rows
    ]


def addition(case_id: str, own: Sequence[Plan], reference: Sequence[Plan], contract: Contract) -> Rules | None:
    """The smallest rules of the case's resource that make the own plans ask for the case; None when there are none.
    When they already ask for it, the input of the reference is what makes the difference."""
    platform, resource = _place(case_id)
    base = _rules(own, resource)
    for plan in reference:
        if resource not in plan.resources:
            continue
        whole = plan.resources[resource].model_dump(mode="json", exclude_unset=True)
        whole.pop("platforms", None)

        def asks(piece: Rules) -> bool:
            return _asks(case_id, platform, resource, joined(base or {}, piece), contract)

        if base is not None and asks({}):
            return {name: whole[name] for name in ("create", "update") if isinstance(whole.get(name), dict)} or None
        if asks(whole):
            return shrunk(whole, asks)
    return None


def shrunk(whole: Rules, holds: Callable[[Rules], bool]) -> Rules:
    """`whole` without whatever can be taken away, one key or entry at a time, while it still `holds`."""
    kept = copy.deepcopy(whole)
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(kept):
            if holds(smaller):
                kept, progress = smaller, True
                break
    return kept


def joined(base: Mapping[str, Any], more: Mapping[str, Any]) -> Rules:
    """`base` with `more` in it: mappings key by key, lists one after the other, everything else replaced."""
    result = dict(base)
    for key, value in more.items():
        before = result.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            result[key] = joined(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            result[key] = before + [item for item in value if item not in before]
        else:
            result[key] = value
    return result


def _smaller(value: Any) -> Iterator[Any]:
    """Every copy with one thing less, the largest cuts first."""
    if isinstance(value, dict):
        for key in value:
            yield {name: item for name, item in value.items() if name != key}
        for key, item in value.items():
            if isinstance(key, str) and not key.startswith("$"):
                yield from ({**value, key: less} for less in _smaller(item))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]


def _asks(case_id: str, platform: str, resource: str, rules: Rules, contract: Contract) -> bool:
    document = {"plan": "advice", "title": "advice", "platforms": [platform], "resources": {resource: rules}}
    try:
        cases = expand(merge([Plan.model_validate(document)], contract), contract)
    except (GoliveError, ValidationError):
        return False
    return any(case.id == case_id for case in cases)


def _rules(plans: Sequence[Plan], resource: str) -> Rules | None:
    found: Rules | None = None
    for plan in plans:
        if resource in plan.resources:
            rules = plan.resources[resource].model_dump(mode="json", exclude_unset=True)
            found = joined(found or {}, {name: value for name, value in rules.items() if name != "platforms"})
    return found


def _place(case_id: str) -> tuple[str, str]:
    _, _, platform, resource, *_ = case_id.split("/")
    return platform, resource


def _catching(
    rows: Sequence[DefectRow],
    paths: Sequence[Path],
    plans: Sequence[Plan],
    setup: BenchOrder,
    contract: Contract,
    workers: int,
    tell: Tell,
) -> dict[str, str]:
    """Defect -> the case of the reference plans that catches it, on a platform that the own plans name."""
    platforms = list(dict.fromkeys(setup.homes.values()))
    homes = homes_of((item.platform, item.resource) for item in merge(plans, contract, platforms=platforms))
    if not homes:
        return {}
    order = BenchOrder(tuple(str(path.resolve()) for path in paths), homes, "", 0, 0)
    cases = selection_of(order).cases
    trials = [trial_of(all_defects()[row.defect], cases, {}, thorough=False, votes=True) for row in rows]
    found: dict[str, str] = {}
    with open_pool(order, min(workers, len(trials))) as pool:
        for number, result in enumerate(pool.run(trials, lambda _result: None), start=1):
            tell("looking for what catches the missed ones", number, len(trials))
            row = row_of(all_defects()[result.name], result)
            if row.noticed and row.noticed[0].case.split("/")[3] != "api":
                found[row.defect] = row.noticed[0].case
    return found


def _tried(
    rows: Sequence[DefectRow],
    pieces: Mapping[str, tuple[str, Rules]],
    setup: BenchOrder,
    contract: Contract,
    workers: int,
    tell: Tell,
) -> set[str]:
    """The defects whose piece, added to the own plans, really catches them."""
    if not pieces:
        return set()
    proven = set()
    with tempfile.TemporaryDirectory(prefix="golive-advice-") as folder:
        paths = [Path(path) for path in setup.plans]
        for number, (case, rules) in enumerate(pieces.values()):
            paths.append(Path(folder) / f"advice_{number}.yaml")
            paths[-1].write_text(_document(f"advice_{number}", case, rules), encoding="utf-8")
        merged = merge(load_plans(paths, contract), contract, platforms=list(dict.fromkeys(setup.homes.values())))
        homes = homes_of((item.platform, item.resource) for item in merged) | setup.homes
        order = BenchOrder(tuple(str(path.resolve()) for path in paths), homes, "", 0, 0)
        there = {case.id for case in selection_of(order).cases}
        trials = [_trial(row, pieces[row.defect][0]) for row in rows if row.defect in pieces]
        trials = [trial for trial in trials if there.issuperset(trial.cases)]
        with open_pool(order, min(workers, max(1, len(trials)))) as pool:
            for number, result in enumerate(pool.run(trials, lambda _result: None), start=1):
                tell("trying the advice", number, len(trials))
                if any(item.right for item in result.found):
                    proven.add(result.name)
    return proven


def _trial(row: DefectRow, case: str) -> Trial:
    areas = tuple(sorted({check.partition(".")[0] for check in row.wanted}))
    return Trial(row.defect, (row.defect,), (case,), row.wanted, places=(row.resource,), areas=areas)


def _document(name: str, case: str, rules: Rules) -> str:
    platform, resource = _place(case)
    document = {"plan": name, "title": "advice", "platforms": [platform], "resources": {resource: rules}}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _text(row: DefectRow, case: str, rules: Rules) -> str:
    platform, resource = _place(case)
    head = f"# catches {row.defect} ({', '.join(row.wanted)}) through {case}; {platform} must be a platform of the plan"
    body = yaml.safe_dump({"resources": {resource: rules}}, sort_keys=False, allow_unicode=True, width=100)
    return f"{head}\n{body}"
