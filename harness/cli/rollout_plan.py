"""What the commands about a rollout share: the plan, and the stages that were named."""

from pathlib import Path

import click

from harness.contract import load_contract
from harness.contract.loader import suggest
from harness.plan.rollout import Rollout, Stage
from harness.plan.rollout_loader import ROLLOUT, load_rollout


def read_plan(path: Path | None) -> Rollout:
    """The rollout plan of that path; the shipped one unless given."""
    return load_rollout(load_contract(), path or ROLLOUT)


def chosen_stages(plan: Rollout, names: tuple[str, ...]) -> tuple[Stage, ...]:
    """The named stages in the plan's order; all unless named. UsageError with the nearest name otherwise."""
    known = {stage.stage: stage for stage in plan.stages}
    for name in names:
        if name not in known:
            raise click.UsageError(f'unknown stage "{name}"{suggest(name, known)}')
    return tuple(stage for stage in plan.stages if not names or stage.stage in names)
