"""Records that a command leaves beside the run, one file each."""

from pathlib import Path
from typing import ClassVar, Self

from pydantic import ValidationError

from harness.errors import StorageError
from harness.report.atomic import write_text
from harness.report.run_record import Record


class KeptRecord(Record):
    """Base of a record in a file of its own: `FILE` is its name, `COMMAND` what writes it."""

    FILE: ClassVar[str]
    COMMAND: ClassVar[str]

    def save(self, directory: Path) -> Path:
        """Write the file; the path of it."""
        path = directory / self.FILE
        write_text(path, self.model_dump_json(indent=1) + "\n")
        return path

    @classmethod
    def load(cls, directory: Path) -> Self | None:
        """Read it; None when there is none, StorageError when it is damaged."""
        path = directory / cls.FILE
        if not path.exists():
            return None
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise StorageError(f"{path}: damaged: {str(error).splitlines()[0]}. Run {cls.COMMAND} again") from error
