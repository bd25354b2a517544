"""Whether a stage may start, and whether it may be promoted whatever its gates say."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.measurement import StageOutcome
from harness.errors import UsageError
from harness.plan.rollout import Rollout, Stage, seconds
from harness.report.atomic import storage_error
from harness.report.rollout_ledger import LEDGER_FILE, doubt_about, latest, read_ledger
from harness.rollout.capacity import plan_capacity
from harness.rollout.work import Work

LOCK = ".lock"


@contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Inside, no other rollout works in that folder: two would write one ledger, and perhaps one report. UsageError
    when another does. A process that dies gives it back."""
    try:
        file = os.open(out / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise storage_error(out / LOCK, error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise UsageError(f"another golive rollout works in {out}. Wait for its end, or choose --out") from error
    finally:
        os.close(file)


def may_start(plan: Rollout, stage: Stage, out: Path, target: str, backend: str) -> None:
    """UsageError when the stage before was not promoted on this version of plan and backend, on this target."""
    before = plan.before(stage)
    if before is None:
        return
    entries = read_ledger(out / LEDGER_FILE)
    found = latest(entries, before.stage, digest=plan.digest, backend=backend, target=target)
    if found is None:
        other = next((entry for entry in reversed(entries) if entry.stage == before.stage), None)
        why = "was not tested" if other is None else (
            f"was tested on another version (plan {other.digest[:12]}, backend {other.backend}, target {other.target})"
        )  # fmt: skip
    elif found.outcome is StageOutcome.PROMOTE:
        doubt = doubt_about(found, out)
        if doubt is None:
            return
        why = f"was promoted on {found.at}, but {doubt}"
    else:
        why = f"was not promoted on {found.at}: {found.outcome}"
    raise UsageError(
        f"stage {stage.stage} may not start: stage {before.stage} {why}. This is plan {plan.digest[:12]}, backend "
        f"{backend}, target {target}. First: golive rollout {before.stage}"
    )


def reservations(plan: Rollout, stage: Stage, work: Work) -> Iterator[str]:
    """Why a test whose gates hold does not promote its stage all the same."""
    for problem in plan_capacity(plan, stage).infeasible:
        change = f" {problem.changes[0]}" if problem.changes else ""
        where = f"(golive capacity --stage {stage.stage})"
        yield f"the stage does not fit under the limits: {problem.what}.{change} {where}"
    if work.seconds < seconds(stage.play):
        yield f"{work.seconds:g} s were played, the plan wants {stage.play}: a shorter test promotes nothing"
