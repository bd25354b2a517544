"""What workers append while they run, and how it is read back: NDJSON, one file per worker and kind.

Layout below the output directory: `run.json` (what was asked, written before the first request) and
`workers/<worker>/evidence.ndjson`, `workers/<worker>/cases.ndjson`. Each line is flushed, so that an interrupted run
keeps what it proved.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from harness.core import CaseOutcome, Evidence, Finding
from harness.errors import StorageError

CASES_FILE = "cases.ndjson"
EVIDENCE_FILE = "evidence.ndjson"


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
            self._evidence = _append(folder / EVIDENCE_FILE)
            self._cases = _append(folder / CASES_FILE)
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
    def _write(file: IO[bytes], value: Mapping[str, Any]) -> None:
        try:
            file.write(_line(value))
            file.flush()
        except OSError as error:
            raise StorageError(f"{file.name}: cannot write: {error.strerror or error}. Free some space") from error


def _append(path: Path) -> IO[bytes]:
    return path.open("ab")


def _line(value: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Numbers beyond 64 bits and lone surrogates, which orjson refuses. A lone surrogate of a target's text would
        # fail to encode; as a backslash escape it is the same JSON string.
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
        return text.encode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ledger file. `value` is None when the line is damaged: cut off by a full disk or a crash."""

    path: Path
    number: int
    offset: int
    length: int
    value: dict[str, Any] | None
    """Numbers beyond 64 bits are rounded; `exact` holds their digits."""
    raw: bytes

    @property
    def exact(self) -> dict[str, Any] | None:
        """`value` with every digit of its numbers, at several times the cost."""
        return None if self.value is None else _object(json.loads(self.raw))


def read_lines(directory: Path, name: str) -> Iterator[Line]:
    """Every line of every worker's file of that name, worker by worker, in the order it was written."""
    for path in sorted((directory / "workers").glob(f"*/{name}")):
        try:
            with path.open("rb") as file:
                offset = 0
                for number, raw in enumerate(file, start=1):
                    yield Line(path, number, offset, len(raw), _parse(raw), raw)
                    offset += len(raw)
        except OSError as error:
            raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error


def read_cases(directory: Path) -> list[CaseResult]:
    """All case results of all workers; damaged lines are left out."""
    return [CaseResult.from_json(line.value) for line in read_lines(directory, CASES_FILE) if line.value is not None]


def read_evidence(directory: Path) -> Iterator[Evidence]:
    """All evidence of all workers, worker by worker in the order it was made; damaged lines are left out."""
    for line in read_lines(directory, EVIDENCE_FILE):
        if (value := line.exact) is not None:
            yield Evidence.from_json(value)


def _parse(raw: bytes) -> dict[str, Any] | None:
    if not raw.endswith(b"\n"):
        return None
    try:
        return _object(orjson.loads(raw))
    except ValueError:
        pass  # an escaped half of a surrogate pair is refused by orjson, and is none the less a whole line
    try:
        return _object(json.loads(raw))
    except ValueError:
        return None


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None
