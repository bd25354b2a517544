"""What the rollout ledger says of the checklist lines about staged rollout, load tests and the rate limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from harness.core.measurement import StageOutcome
from harness.core.verdict import weakest
from harness.errors import PlanError, StorageError
from harness.plan.model import ChecklistItem
from harness.plan.rollout import Rollout
from harness.plan.rollout_loader import ROLLOUT, read_rollout
from harness.report.model import ChecklistEntry, ItemState
from harness.report.rollout_ledger import LEDGER_FILE, LedgerEntry, doubt_about, latest, read_ledger

FOLDER = "golive-rollout"
"""Beside the directory of the run: where `golive rollout` keeps its ledger unless told otherwise."""


@dataclass(frozen=True, slots=True)
class RolloutRecord:
    """The rollout plan as it is now, and every load test in the ledger. `problem` says why one cannot be read."""

    plan: Rollout | None = None
    entries: tuple[LedgerEntry, ...] = ()
    problem: str | None = None

    @classmethod
    def load(cls, directory: Path) -> "RolloutRecord":
        """For the run in `directory`; never raises: what cannot be read leaves the items undecided."""
        try:
            out = directory.resolve().parent / FOLDER
            entries = read_ledger(out / LEDGER_FILE)
            newest = {(entry.stage, entry.digest, entry.target): entry for entry in entries}
            for entry in newest.values():
                if entry.outcome is StageOutcome.PROMOTE and (doubt := doubt_about(entry, out)) is not None:
                    return cls(problem=f"Stage {entry.stage} was promoted on {entry.at}, but {doubt}.")
            return cls(read_rollout(ROLLOUT), entries)
        except (PlanError, StorageError) as error:
            return cls(problem=str(error))


def by_rollout(
    item: ChecklistItem, ask: str, record: RolloutRecord, *, target: str, today: date, days: int
) -> ChecklistEntry:
    """The entry. `ask` is `stages` (every stage was promoted), `load` (every stage was load-tested and promoted) or
    `rate_limit` (the planner says that every stage fits, and no promoted test met a 429)."""
    state, why, used = _judged(ask, record, target, today, days)
    return ChecklistEntry(
        id=item.id,
        section=item.section,
        line=item.line,
        state=state,
        strength=weakest(entry.strength for entry in used) if state is not ItemState.INCONCLUSIVE else None,
        why=why,
        command=None if state is ItemState.GO else item.decide.command or "golive rollout --all",
        evidence_at=min((entry.at for entry in used), default=None),
    )


def _judged(
    ask: str, record: RolloutRecord, target: str, today: date, days: int
) -> tuple[ItemState, str, Sequence[LedgerEntry]]:
    if record.plan is None:
        return ItemState.INCONCLUSIVE, record.problem or "There is no rollout plan.", ()
    stages = [stage.stage for stage in record.plan.stages]
    found = {name: latest(record.entries, name, digest=record.plan.digest, target=target) for name in stages}
    used = [entry for entry in found.values() if entry is not None]
    backends = {entry.backend for entry in used}
    if not used:
        return ItemState.INCONCLUSIVE, f"No stage of this rollout plan was load-tested on {target} yet.", ()
    if len(backends) > 1:
        return (
            ItemState.INCONCLUSIVE,
            f"The stages were tested on several backends: {', '.join(sorted(backends))}.",
            used,
        )
    bad = [entry for entry in used if entry.outcome in {StageOutcome.HOLD, StageOutcome.ROLL_BACK}]
    if bad:
        reason = bad[0].reasons[0] if bad[0].reasons else str(bad[0].outcome)
        state = ItemState.NO_GO if " is lost" in reason or "cannot be won" in reason else ItemState.INCONCLUSIVE
        return state, f"Stage {bad[0].stage}: {bad[0].outcome}, {reason}.", used
    if ask == "rate_limit" and any(entry.limited or not entry.feasible for entry in used):
        return ItemState.NO_GO, "A stage does not fit under the limit, or its load test met a 429.", used
    done = [entry.stage for entry in used if entry.outcome is StageOutcome.PROMOTE]
    if len(done) < len(stages):
        missing = next(name for name in stages if name not in done)
        return ItemState.INCONCLUSIVE, f"{len(done)} of {len(stages)} stages are promoted; next: {missing}.", used
    old = [entry for entry in used if (today - datetime.fromisoformat(entry.at).date()).days > days]
    if old:
        return ItemState.INCONCLUSIVE, f"The load test of stage {old[0].stage} is older than {days} days.", used
    return ItemState.GO, f"All {len(stages)} stages were load-tested and promoted on this plan.", used
