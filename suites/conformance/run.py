"""`make conformance`: a strict client reads every platform, and Schemathesis drives every operation.

    python suites/conformance/run.py [--examples N] [--every N] [--seconds N] [--seed N] [--only strict|fuzz]

Exit 0 when every operation was reached with 2xx, no answer is a server error, no answer leaves the contract, no check
fails; 1 otherwise.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from fuzzing import SEED, Outcome, fuzz, labels
from lab import opened
from samples import Sampler
from strict import read_everything

SERVER = 500
SHOWN = 12
"""Failures of each check that are shown whole; all are counted."""


def main() -> int:
    """Run what was asked for and print the tables."""
    parser = argparse.ArgumentParser(description="Hold the emulator against the contract.")
    parser.add_argument("--examples", type=int, default=2, help="fuzzed requests for each operation and kind")
    parser.add_argument("--every", type=int, default=16, help="send each n-th request of the coverage phase")
    parser.add_argument("--seconds", type=int, default=165, help="time limit of the generated requests")
    parser.add_argument("--seed", type=int, default=SEED, help="of the generated requests")
    parser.add_argument("--only", choices=("strict", "fuzz"), help="one of the two proofs")
    parser.add_argument("--include", default="", help="only operations whose method and path hold this text")
    arguments = parser.parse_args()
    good = True
    if arguments.only != "fuzz":
        good &= strict()
    if arguments.only != "strict":
        good &= generated(arguments.examples, arguments.every, arguments.seconds, arguments.include, arguments.seed)
    print("conformance:", "holds" if good else "DOES NOT HOLD")
    return 0 if good else 1


def strict() -> bool:
    """Every list and every object of every platform, against the contract with no unknown key allowed."""
    started = time.monotonic()
    told = read_everything()
    print(f"strict client: {told.platforms} platforms, {told.bodies} bodies read, "
          f"{sum(told.problems.values())} errors, {time.monotonic() - started:.0f} s")  # fmt: skip
    for (operation, path, message), count in told.problems.most_common(40):
        print(f"  {count:>5} x {operation} {path}: {message}")
    return not told.problems and told.bodies > 0


def generated(examples: int, every: int, most: int, include: str, seed: int) -> bool:
    """Schemathesis over all operations."""
    started = time.monotonic()
    with opened(method_status=405, name_conflict_status=409) as lab:
        with lab.drives(Path(tempfile.mkdtemp(prefix="conformance"))) as drives:
            samples = Sampler(lab, drives).all()
            outcome = fuzz(lab, samples, examples=examples, most=most, every=every, include=include, seed=seed)
        wanted = list(labels(lab.contract.document))
        wanted = [label for label in wanted if include in label]
    return _table(outcome, wanted, time.monotonic() - started)


def _table(outcome: Outcome, wanted: list[str], seconds: float) -> bool:
    missed = [label for label in wanted if not outcome.reached[label]]
    broken = sum(count for status, count in outcome.statuses.items() if status >= SERVER)
    kinds = Counter(check for check, _, _ in outcome.failures)
    print(f"schemathesis: operations {len(wanted)} | reached with 2xx {len(wanted) - len(missed)} | requests "
          f"{outcome.requests} | server errors {broken} | failures {len(outcome.failures)} | errors "
          f"{len(outcome.errors)} | {seconds:.0f} s")  # fmt: skip
    print("  requests by phase:", ", ".join(f"{name} {count}" for name, count in outcome.phases.items()))
    print("  answers by status:", ", ".join(f"{status} {count}" for status, count in sorted(outcome.statuses.items())))
    for label in missed:
        print(f"  not reached with 2xx: {label}; answered {dict(outcome.answered[label].most_common(4))}")
    for check, count in kinds.most_common():
        print(f"  {count} x {check}")
    shown: Counter[str] = Counter()
    for (check, label, what), sample in outcome.failures.items():
        shown[check] += 1
        if shown[check] <= SHOWN:
            print(f"  {check} {label}: {' '.join(what.split())[:400]}\n      {sample[:500]}")
    for error in outcome.errors[:20]:
        print(f"  error: {error}")
    return not (missed or broken or outcome.failures or outcome.errors)


if __name__ == "__main__":
    sys.exit(main())
