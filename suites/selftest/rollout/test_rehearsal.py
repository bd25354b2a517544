"""The rehearsal of a rollback: run, timed, and asked for where the plan wants it."""

import sys

import pytest

from harness.cli.rollout_rehearsal import rehearse, with_rehearsal
from harness.core.measurement import StageOutcome
from harness.errors import UsageError
from harness.plan.rollout import Failed, Rollout, Stage

PYTHON = sys.executable
PROMOTE, HOLD, ROLL_BACK = StageOutcome.PROMOTE, StageOutcome.HOLD, StageOutcome.ROLL_BACK


def staged(plan: Rollout, command: str | None, **failed: object) -> Stage:
    """The second stage with that rollback."""
    return plan.stages[1].model_copy(update={"failed": Failed.model_validate({"command": command, **failed})})


@pytest.mark.parametrize(
    ("command", "within", "problem"),
    [
        (f"{PYTHON} -c pass", "5min", None),
        (f"{PYTHON} -c 'raise SystemExit(7)'", "5min", "it ended with exit status 7"),
        (f"{PYTHON} -c 'input() or print(1)'", "5min", "it ended with exit status 1"),  # nobody types an answer
        (f"{PYTHON} -c 'import time; time.sleep(600)'", "200ms", "it was not done within 200ms"),
        ("no-such-command-here now", "5min", "no-such-command-here now cannot be run"),
    ],
)
def test_a_rollback_that_fails_or_lasts_is_no_rollback(
    plan: Rollout, command: str, within: str, problem: str | None
) -> None:
    """Only a command that ends well and in time, without a shell or a terminal, leaves a stage promoted."""
    stage = staged(plan, command, within=within)
    found = rehearse(stage)
    assert (found.problem or "").startswith(problem or "")
    assert (found.problem is None) == (problem is None)
    assert with_rehearsal(stage, PROMOTE, found) == (PROMOTE if problem is None else HOLD, found.told)
    assert with_rehearsal(stage, ROLL_BACK, found)[0] is ROLL_BACK


def test_a_plan_may_demand_the_rehearsal(plan: Rollout) -> None:
    """Without it a stage of such a plan is held; of another plan it is promoted without a word about it."""
    verdict, told = with_rehearsal(staged(plan, "true", rehearse=True), PROMOTE, None)
    assert (verdict, "--rehearse" in (told or "")) == (HOLD, True)
    assert with_rehearsal(staged(plan, "true"), PROMOTE, None) == (PROMOTE, None)
    with pytest.raises(UsageError, match="no command"):
        rehearse(staged(plan, None))
