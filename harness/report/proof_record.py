"""`proof.json`: what `golive prove` found out about the plans themselves, as the checklist needs it."""

from enum import StrEnum

from harness.report.kept_record import KeptRecord
from harness.report.run_record import PlanRecord, Record

PROOF_FILE = "proof.json"


class Outcome(StrEnum):
    """What became of a defect."""

    CAUGHT = "caught"
    MISSED = "missed"
    """Requests of the plans met it, and no finding that votes named its place and area."""
    UNREACHED = "unreached"
    """No request of the plans met it: they do not use what is broken."""


class Detection(Record):
    """A check that noticed a defect: in which case, where, after how many requests and seconds since it was on."""

    check: str
    case: str
    resource: str
    field: str | None
    requests: int
    seconds: float


class DefectRow(Record):
    """A row of the matrix. `wanted` are the checks that the defect names; `noticed` the first detection of each check,
    in the order they came; `misplaced` are checks that found something elsewhere. `cases` and `requests` were spent on
    it. `advice` is a piece of a plan that catches it, when the plans do not."""

    defect: str
    about: str
    resource: str
    wanted: tuple[str, ...]
    outcome: Outcome
    noticed: tuple[Detection, ...]
    misplaced: tuple[str, ...]
    met: tuple[str, ...]
    cases: int
    requests: int
    seconds: float
    advice: str | None = None
    advice_case: str | None = None


class FalseAlarm(Record):
    """A finding, or an error, on the clean emulator."""

    case: str
    what: str
    resource: str
    message: str


class ProofRecord(KeptRecord):
    """What was proven of which plans. `score` is the caught share of all defects, 0 to 1; `clean_cases` ran without a
    defect."""

    FILE = PROOF_FILE
    COMMAND = "golive prove"

    golive: str
    contract_version: str
    proven_at: str
    plans: tuple[PlanRecord, ...]
    homes: dict[str, str]
    workers: int
    seconds: float
    rows: tuple[DefectRow, ...]
    false_alarms: tuple[FalseAlarm, ...]
    clean_cases: int
    registered: int
    """How many defects there are; fewer rows prove less than all."""
    whole: bool
    """Whether every case of the plans ran without a defect, not only those that could notice one."""

    @property
    def complete(self) -> bool:
        """Whether every defect and every case had its turn."""
        return self.whole and len(self.rows) == self.registered

    @property
    def caught(self) -> int:
        """How many defects were caught."""
        return sum(row.outcome is Outcome.CAUGHT for row in self.rows)

    @property
    def score(self) -> float:
        """The caught share, 0 without any defect."""
        return self.caught / len(self.rows) if self.rows else 0.0
