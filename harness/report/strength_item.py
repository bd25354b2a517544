"""The line of the checklist that `golive cassettes strength` decides."""

from collections.abc import Iterable

from harness.plan.model import ChecklistItem
from harness.report.legible import plural
from harness.report.model import ChecklistEntry, ItemState
from harness.report.run_record import PlanRecord, other_plans
from harness.report.strength_record import StrengthRecord


def by_strength(
    item: ChecklistItem, floor: float, record: StrengthRecord | None, plans: Iterable[PlanRecord]
) -> ChecklistEntry:
    """The entry: go when the cassettes are of the plans of the run, and reach the floor without a lost control."""
    state, why = _judged(floor, record, plans)
    return ChecklistEntry(
        id=item.id,
        section=item.section,
        line=item.line,
        state=state,
        strength=record.rests_on if record and state is not ItemState.INCONCLUSIVE else None,
        why=why,
        command=None if state is ItemState.GO else item.decide.command or "golive cassettes strength",
        evidence_at=record.measured_at if record else None,
    )


def _judged(floor: float, record: StrengthRecord | None, plans: Iterable[PlanRecord]) -> tuple[ItemState, str]:
    if record is None:
        return ItemState.INCONCLUSIVE, "Nobody has measured yet whether a replay notices changed requests."
    changed = other_plans(record.plans, plans)
    if changed:
        return (
            ItemState.INCONCLUSIVE,
            f"The cassettes are of other plans: {', '.join(changed)} differ or are not in them.",
        )
    told = (
        f"{record.noticed:,} of {plural(record.changed, 'changed request')} noticed in {plural(record.cases, 'case')}"
    )
    if record.lost:
        return ItemState.NO_GO, f"{told}, but {plural(record.lost, 'request')} with another order of keys not found."
    if record.share < floor:
        weakest = min(record.weak, key=lambda case: record.weak[case], default="no case")
        return ItemState.NO_GO, f"{told}; the floor is {floor:.0%}. The weakest is {weakest}."
    return ItemState.GO, f"{told}, each with another order of keys found."
