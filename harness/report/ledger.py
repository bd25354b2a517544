"""What workers append while they run, and how it is read back: NDJSON, one file per worker and kind.

Layout below the output directory: `run.json` (what was asked, written before the first request) and
`workers/<worker>/evidence.ndjson`, `workers/<worker>/cases.ndjson`. Each line is flushed, so that an interrupted run
keeps what it proved.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.core import CaseOutcome, Evidence, Finding
from harness.errors import StorageError


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case ended. `duration` in seconds; `requests` counts exchanges; `reason` says why it is inconclusive or
    an error; `covered` lists what was exercised, as `GET /accounting/bills` and `bills.due_date` marks."""

    id: str
    kind: str
    platform: str
    resource: str | None
    detail: str
    plans: tuple[str, ...]
    outcome: CaseOutcome
    reason: str | None
    findings: tuple[Finding, ...]
    evidence: tuple[str, ...]
    requests: int
    duration: float
    worker: str

    @property
    def area(self) -> str:
        """The part of the kind before the dot."""
        return self.kind.partition(".")[0]

    def to_json(self) -> dict[str, Any]:
        """A dict for one NDJSON line."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CaseResult":
        """The inverse of `to_json`."""
        return cls(
            **{
                **data,
                "plans": tuple(data["plans"]),
                "evidence": tuple(data["evidence"]),
                "outcome": CaseOutcome(data["outcome"]),
                "findings": tuple(Finding.from_json(item) for item in data["findings"]),
            }
        )


class Ledger:
    """The append-only files of one worker."""

    def __init__(self, directory: Path, worker: str) -> None:
        folder = directory / "workers" / worker
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._evidence = (folder / "evidence.ndjson").open("a", encoding="utf-8")
            self._cases = (folder / "cases.ndjson").open("a", encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{folder}: cannot write the ledger: {error.strerror or error}") from error

    def evidence(self, item: Evidence) -> None:
        """Append one piece of evidence."""
        self._write(self._evidence, item.to_json())

    def case(self, result: CaseResult) -> None:
        """Append the result of one case."""
        self._write(self._cases, result.to_json())

    def close(self) -> None:
        """Close the files."""
        self._evidence.close()
        self._cases.close()

    @staticmethod
    def _write(file: Any, value: Mapping[str, Any]) -> None:
        try:
            file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
            file.flush()
        except OSError as error:
            raise StorageError(f"{file.name}: cannot write: {error.strerror or error}. Free some space") from error


def read_cases(directory: Path) -> list[CaseResult]:
    """All case results of all workers; a half-written last line (crash) is left out."""
    return [CaseResult.from_json(line) for line in _lines(directory, "cases.ndjson")]


def read_evidence(directory: Path) -> Iterator[Evidence]:
    """All evidence of all workers, worker by worker in the order it was made."""
    for line in _lines(directory, "evidence.ndjson"):
        yield Evidence.from_json(line)


def _lines(directory: Path, name: str) -> Iterator[dict[str, Any]]:
    for path in sorted((directory / "workers").glob(f"*/{name}")):
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield json.loads(line)
