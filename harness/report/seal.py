"""`seal.json`: what a report was folded from, as hashes, and one hash over all of them.

The evidence is chained (`harness.report.chain`); a chain cannot tell that its end is missing, that a result was altered
or that a file was swapped. The seal can. It stands in the report and on the terminal, so that whoever kept that line
can tell later whether the whole directory was made anew.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import StorageError
from harness.report.atomic import write_chunks, write_text
from harness.report.fidelity import FIDELITY_FILE
from harness.report.ledger import CASES_FILE, EVIDENCE_FILE
from harness.report.model import EvidenceFile
from harness.report.proof_record import PROOF_FILE
from harness.report.run_record import END_FILE, INPUTS, RUN_FILE
from harness.report.strength_record import STRENGTH_FILE

SEAL_FILE = "seal.json"
INPUTS_FOLDER = "inputs"
"""Holds `INPUTS` as they were when the run was folded."""


class Seal(BaseModel):
    """`files` maps each file below the run's directory to the SHA-256 of its bytes; `evidence` is the end of its chain.
    `directory`, `now`, `interrupted` and `errors` are what the fold was told beside the files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: str
    now: str | None
    interrupted: bool
    errors: tuple[str, ...]
    evidence: EvidenceFile
    files: dict[str, str]
    seal: str = ""

    @property
    def computed(self) -> str:
        """The hash over everything else."""
        rest = self.model_dump(mode="json", exclude={"seal"})
        return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=True).encode()).hexdigest()

    def closed(self) -> "Seal":
        """The same with its hash."""
        return self.model_copy(update={"seal": self.computed})

    def save(self, directory: Path) -> None:
        """Write `seal.json`."""
        write_text(directory / SEAL_FILE, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def load(cls, directory: Path) -> "Seal":
        """Read `seal.json`; StorageError when there is none or it is damaged."""
        path = directory / SEAL_FILE
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise StorageError(
                f"{path}: cannot read: {error.strerror or error}. Only a sealed run can be verified"
            ) from error
        except ValidationError as error:
            raise StorageError(f"{path}: was altered or is damaged: {str(error).splitlines()[0]}") from error


def keep_inputs(directory: Path, inputs: Mapping[str, Path]) -> None:
    """Copy what the verdict depends on beside the run, so that it can be recomputed without the project."""
    for name, path in inputs.items():
        kept = directory / INPUTS_FOLDER / name
        if path.exists():
            write_chunks(kept, (path.read_bytes(),))
        else:
            kept.unlink(missing_ok=True)


def hashes(directory: Path) -> dict[str, str]:
    """The SHA-256 of every sealed file that is there now."""
    return {str(path.relative_to(directory)): _sha256(path) for path in _sealed(directory)}


def _sealed(directory: Path) -> Iterable[Path]:
    wanted = [
        directory / RUN_FILE,
        directory / END_FILE,
        directory / PROOF_FILE,
        directory / STRENGTH_FILE,
        directory / FIDELITY_FILE,
        *(directory / INPUTS_FOLDER / name for name in INPUTS),
    ]
    for name in (CASES_FILE, EVIDENCE_FILE):
        wanted += sorted((directory / "workers").glob(f"*/{name}"))
    return [path for path in wanted if path.exists()]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
