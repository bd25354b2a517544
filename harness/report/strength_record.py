"""`strength.json`: whether a replay would notice changed requests, as `golive cassettes strength` measured it."""

from harness.core import Strength
from harness.report.kept_record import KeptRecord
from harness.report.run_record import PlanRecord

STRENGTH_FILE = "strength.json"


class StrengthRecord(KeptRecord):
    """What was measured of which cassettes. `noticed` of `changed` requests were missed by the lookup, `lost` of
    `controls` with another order of keys were not found; `weak` are the shares of the cases below 1."""

    FILE = STRENGTH_FILE
    COMMAND = "golive cassettes strength"

    golive: str
    contract_version: str
    measured_at: str
    folder: str
    seal: str
    rests_on: Strength
    plans: tuple[PlanRecord, ...]
    cases: int
    changed: int
    noticed: int
    controls: int
    lost: int
    weak: dict[str, float]

    @property
    def share(self) -> float:
        """Noticed among changed; 0 when nothing was changed."""
        return self.noticed / self.changed if self.changed else 0.0
