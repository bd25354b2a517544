"""`golive prove`: every defect of the emulator against the plans, one at a time, and none of them against none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from harness.checks import all_checks
from harness.contract import Contract, load_contract
from harness.core import Clock, Severity, iso_utc
from harness.emulator.defects import Defect, all_defects, chosen
from harness.plan import default_plan_paths, load_plan, load_plans, merge, resource_lines
from harness.plan.case import Case
from harness.proving.advising import advise
from harness.proving.bench import selection_of
from harness.proving.choosing import clean_trials, homes_of, trial_of
from harness.proving.orders import BenchOrder, Trial, TrialResult
from harness.proving.pool import Pool, open_pool
from harness.proving.rows import alarms_of, row_of
from harness.report.proof_record import Outcome, ProofRecord
from harness.report.run_record import PlanRecord, plan_record

Tell = Callable[[str, int, int], None]
"""(what, done, of how many)."""


@dataclass(frozen=True, slots=True)
class ProveOrder:
    """`plans` empty: the shipped ones. `defects` empty: all. `thorough` goes on until every check that a defect names
    has noticed it. `clean` False runs without a defect only the cases that could notice one."""

    plans: tuple[Path, ...] = ()
    platforms: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    workers: int = 2
    thorough: bool = False
    clean: bool = True
    advice: bool = True


def prove(order: ProveOrder, *, clock: Clock, tell: Tell = lambda _what, _done, _of: None) -> ProofRecord:
    """Prove the plans. Raises UsageError for unknown names and wrong plans before anything starts, HarnessError when a
    bench dies."""
    started = perf_counter()
    contract = load_contract()
    wanted = list(chosen(order.defects) if order.defects else all_defects().values())
    paths = order.plans or tuple(default_plan_paths())
    plans = load_plans(paths, contract, check_ids=frozenset(all_checks()))
    platforms = [contract.platform(name) for name in order.platforms] or None
    homes = homes_of((item.platform, item.resource) for item in merge(plans, contract, platforms=platforms))
    setup = BenchOrder(tuple(str(path.resolve()) for path in paths), homes, "", 0, 0)
    cases = selection_of(setup).cases
    with open_pool(setup, order.workers) as pool:
        clean = _clean(pool, order, wanted, cases, tell)
        facts = {fact.id: fact for result in clean for fact in result.cases}
        trials = [trial_of(item, cases, facts, thorough=order.thorough, votes=_votes(item)) for item in wanted]
        results = _run(pool, trials, "defects", tell)
        # The defects are off again, and nothing of them may have stayed: what is found now, they left behind.
        clean += _run(pool, _closing(clean, wanted), "once more without", tell)
    rows = [row_of(defect, result) for defect, result in zip(wanted, results, strict=True)]
    if order.advice and any(row.outcome is not Outcome.CAUGHT for row in rows):
        rows = advise(rows, setup, contract, order.workers, tell)
    return ProofRecord(
        golive=version("golive"),
        contract_version=contract.version,
        proven_at=iso_utc(clock.now()),
        plans=tuple(_plan_record(path, contract) for path in paths),
        homes=homes,
        workers=order.workers,
        seconds=round(perf_counter() - started, 1),
        rows=tuple(rows),
        false_alarms=tuple(alarms_of(clean)),
        clean_cases=sum(len(result.cases) for result in clean),
        registered=len(all_defects()),
        whole=order.clean,
    )


def _clean(
    pool: Pool, order: ProveOrder, wanted: Sequence[Defect], cases: Sequence[Case], tell: Tell
) -> list[TrialResult]:
    """All cases without a defect; only those at the places of the defects when that is enough."""
    places = {defect.resource for defect in wanted} | {"api"}
    used = [case for case in cases if order.clean or (case.resource or "api") in places]
    return _run(pool, clean_trials(used or cases), "without defects", tell)


def _closing(clean: Sequence[TrialResult], wanted: Sequence[Defect]) -> list[Trial]:
    """The cheapest reading cases of the resources that had defects."""
    places = {defect.resource for defect in wanted}
    areas = {"fields", "money"}
    ids = [
        fact.id
        for result in clean
        for fact in result.cases
        if fact.id.partition("/")[0] in areas and fact.requests <= 1 and fact.id.split("/")[3] in places
    ]
    return [Trial(name="closing", defects=(), cases=tuple(ids))] if ids else []


def _run(pool: Pool, trials: Sequence[Trial], what: str, tell: Tell) -> list[TrialResult]:
    done = 0

    def told(_result: TrialResult) -> None:
        nonlocal done
        done += 1
        tell(what, done, len(trials))

    return pool.run(trials, told)


def _votes(defect: Defect) -> bool:
    known = all_checks()
    return any(known[check].severity is Severity.BLOCKER for check in defect.trips if check in known)


def _plan_record(path: Path, contract: Contract) -> PlanRecord:
    plan = load_plan(path, contract)
    return plan_record(path, plan.plan, plan.title, resource_lines(path))
