"""The files beside a run that its verdict depends on: checklist, attestations, accepted findings."""

from dataclasses import dataclass
from pathlib import Path

from harness.errors import PlanError
from harness.plan import load_accepted, load_attestations, load_checklist
from harness.plan.model import Accepted, Attestation, ChecklistItem
from harness.report.run_record import INPUTS, RunRecord

EVIDENCE_DAYS = 30
"""Days for which evidence counts when no checklist says so."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What they say. `problems` are files that could not be used: errors of the run that take nothing else with it."""

    items: tuple[ChecklistItem, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    evidence_days: int = EVIDENCE_DAYS
    problems: tuple[str, ...] = ()


def read_beside(record: RunRecord, inputs: Path | None = None) -> Beside:
    """Read them where the run says they are, or from a folder that holds them as they were."""
    paths = {name: inputs / name for name in INPUTS} if inputs else record.inputs
    problems = []
    items: tuple[ChecklistItem, ...] = ()
    words: tuple[Attestation, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    days = EVIDENCE_DAYS
    try:
        checklist = load_checklist(paths["checklist.yaml"])
        items, days = (*checklist.items, *checklist.own), checklist.evidence_days
        words = load_attestations(paths["attestations.yaml"], checklist=checklist)
    except PlanError as error:
        problems.append(str(error))
    try:
        accepted = load_accepted(paths["accepted.yaml"])
    except PlanError as error:
        problems.append(str(error))
    return Beside(items, words, accepted, days, tuple(problems))
