"""The rehearsal of a rollback: the stage's own command, run and timed before the stage begins."""

import shlex
import subprocess
import time
from dataclasses import dataclass

from harness.core.measurement import StageOutcome
from harness.errors import UsageError
from harness.plan.rollout import Stage, seconds


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How long the command took, in seconds, and what was wrong with it; None when nothing was."""

    took: float
    problem: str | None

    @property
    def told(self) -> str:
        """In a sentence."""
        if self.problem is not None:
            return f"the rehearsal of the rollback failed: {self.problem}"
        return f"the rollback was rehearsed and took {self.took:.1f} s"


def rehearse(stage: Stage) -> Rehearsal:
    """Run the command without a shell, its output going where ours goes. UsageError when the plan has none."""
    failed = stage.failed
    if failed.command is None:
        raise UsageError(f"stage {stage.stage} has no command under failed, so there is no rollback to rehearse")
    began = time.monotonic()
    try:
        ended = subprocess.run(  # noqa: S603 - the command of the plan, asked for by --rehearse
            shlex.split(failed.command), check=False, stdin=subprocess.DEVNULL, timeout=seconds(failed.within)
        )
    except subprocess.TimeoutExpired:
        return Rehearsal(time.monotonic() - began, f"it was not done within {failed.within}")
    except (OSError, ValueError) as error:
        return Rehearsal(time.monotonic() - began, f"{failed.command} cannot be run: {error}")
    took = time.monotonic() - began
    return Rehearsal(took, f"it ended with exit status {ended.returncode}" if ended.returncode else None)


def with_rehearsal(stage: Stage, verdict: StageOutcome, rehearsal: Rehearsal | None) -> tuple[StageOutcome, str | None]:
    """The outcome once the rollback is looked at, and the sentence about it: a stage that cannot be taken back in time
    is not promoted, whatever its gates say."""
    if rehearsal is None and not stage.failed.rehearse:
        return verdict, None
    missing = "the plan wants the rollback rehearsed before the stage begins (--rehearse)"
    good = rehearsal is not None and rehearsal.problem is None
    if verdict is StageOutcome.PROMOTE and not good:
        verdict = StageOutcome.HOLD
    return verdict, missing if rehearsal is None else rehearsal.told
