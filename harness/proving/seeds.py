"""The clean emulator with many seeds: whatever is found there is a false alarm.

`python -m harness.proving.seeds 200` makes that many emulators with different books, one after the other on each
worker, and runs some groups of the shipped cases on each. The groups take turns, so that over the seeds each group
meets several of them. One such group is all cases of a resource on a platform.
"""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from time import perf_counter

from harness.plan import default_plan_paths
from harness.plan.case import Case
from harness.proving.bench import selection_of
from harness.proving.orders import BenchOrder, Trial, TrialResult
from harness.proving.pool import open_pool

FIRST_SEED = 1_000
CASES_PER_SEED = 60
"""About what a seed costs as much as the start of its emulator."""


def trials_of(cases: Sequence[Case], seeds: int) -> list[Trial]:
    """One trial per seed: whole groups in turn, until a trial has enough cases."""
    groups: dict[str, list[str]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case.id)
    turn = list(groups.values())
    trials = []
    at = 0
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        chosen: list[str] = []
        while len(chosen) < CASES_PER_SEED:
            chosen += turn[at % len(turn)]
            at += 1
        trials.append(Trial(f"seed {seed}", (), tuple(dict.fromkeys(chosen)), seed=seed))
    return trials


def main(seeds: int, workers: int) -> int:
    """Run them, print what was found, return how many findings and errors there were."""
    started = perf_counter()
    order = BenchOrder(tuple(str(path) for path in default_plan_paths()), {}, "", 0, 0)
    trials = trials_of(selection_of(order).cases, seeds)
    outcomes: Counter[str] = Counter()
    problems = 0

    def told(result: TrialResult) -> None:
        nonlocal problems
        outcomes.update(fact.outcome for fact in result.cases)
        lines = [f"{item.check} at {item.resource}: {item.message} ({item.case})" for item in result.found]
        lines += [f"error in {fact.id}: {fact.reason}" for fact in result.cases if fact.outcome == "error"]
        problems += len(lines)
        for line in lines:
            print(f"{result.name}: {line}", flush=True)

    with open_pool(order, workers) as pool:
        pool.run(trials, told)
    told_outcomes = ", ".join(f"{count:,} {name}" for name, count in sorted(outcomes.items()))
    print(
        f"{seeds} seeds of the clean emulator, {sum(outcomes.values()):,} cases ({told_outcomes}): "
        f"{problems} findings and errors, {perf_counter() - started:.0f} s on {workers} workers"
    )
    return problems


if __name__ == "__main__":
    sys.exit(min(1, main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, os.cpu_count() or 1)))
