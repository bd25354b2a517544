"""`strength.json`: whether a replay would notice changed requests, as `golive cassettes strength` measured it."""

from pathlib import Path

from pydantic import ValidationError

from harness.core import Strength
from harness.errors import StorageError
from harness.report.atomic import write_text
from harness.report.run_record import PlanRecord, Record

STRENGTH_FILE = "strength.json"


class StrengthRecord(Record):
    """What was measured of which cassettes. `noticed` of `changed` requests were missed by the lookup, `lost` of
    `controls` with another order of keys were not found; `weak` are the shares of the cases below 1."""

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

    def save(self, directory: Path) -> Path:
        """Write `strength.json`; the path of it."""
        path = directory / STRENGTH_FILE
        write_text(path, self.model_dump_json(indent=1) + "\n")
        return path

    @classmethod
    def load(cls, directory: Path) -> "StrengthRecord | None":
        """Read it; None when there is none, StorageError when it is damaged."""
        path = directory / STRENGTH_FILE
        if not path.exists():
            return None
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            why = str(error).splitlines()[0]
            raise StorageError(f"{path}: damaged: {why}. Run golive cassettes strength again") from error
