"""The line of the checklist that `golive prove` decides."""

from collections.abc import Iterable

from harness.core import Strength
from harness.plan.model import ChecklistItem
from harness.report.legible import plural
from harness.report.model import ChecklistEntry, ItemState
from harness.report.proof_record import ProofRecord
from harness.report.run_record import PlanRecord, other_plans


def by_proof(
    item: ChecklistItem, floor: float, proof: ProofRecord | None, plans: Iterable[PlanRecord]
) -> ChecklistEntry:
    """The entry: go when the proof is of the plans of the run, reaches the floor, and has no false alarm."""
    state, why = _judged(floor, proof, plans)
    return ChecklistEntry(
        id=item.id,
        section=item.section,
        line=item.line,
        state=state,
        strength=Strength.EMULATED if proof and state is not ItemState.INCONCLUSIVE else None,
        why=why,
        command=None if state is ItemState.GO else item.decide.command or "golive prove",
        evidence_at=proof.proven_at if proof else None,
        requests=sum(row.requests for row in proof.rows) if proof else 0,
    )


def _judged(floor: float, proof: ProofRecord | None, plans: Iterable[PlanRecord]) -> tuple[ItemState, str]:
    if proof is None:
        return ItemState.INCONCLUSIVE, "Nobody has proven these plans yet."
    changed = other_plans(proof.plans, plans)
    if changed:
        return ItemState.INCONCLUSIVE, f"The proof is of other plans: {', '.join(changed)} differ or are not in it."
    if not proof.complete:
        return ItemState.INCONCLUSIVE, "The proof is of some defects or some cases only."
    told = f"{proof.caught} of {plural(len(proof.rows), 'defect')} caught"
    if proof.false_alarms:
        return ItemState.NO_GO, f"{told}, but {plural(len(proof.false_alarms), 'false alarm')} without any."
    if proof.score < floor:
        return ItemState.NO_GO, f"{told}; the floor is {floor:.0%}."
    return ItemState.GO, f"{told}, no false alarm in {plural(proof.clean_cases, 'case')} without a defect."
