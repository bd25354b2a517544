"""The rollout ledger: one line per load test of a stage, chained by hashes."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from harness.core import Strength
from harness.core.measurement import StageOutcome
from harness.errors import StorageError
from harness.report.surface import Model

LEDGER_FILE = "ledger.ndjson"
REPORT_FILE = "report.json"
FIRST = "0" * 64


class LedgerEntry(Model):
    """One load test. `digest` is the version of the plan, `backend` that of the integration backend; `limited` counts
    429 answers; `feasible` is what the planner said; `rollback_seconds` how long the rehearsed rollback took, None when
    none was rehearsed well; `report_hash` the SHA-256 of the report's JSON; `previous` is the hash of the line
    before."""

    at: str
    plan: str
    digest: str
    stage: str
    target: str
    strength: Strength
    backend: str
    outcome: StageOutcome
    reasons: tuple[str, ...]
    limited: int
    feasible: bool
    report: str
    previous: str = FIRST
    rollback_seconds: float | None = None
    report_hash: str | None = None

    @property
    def line(self) -> str:
        """As it is written; what was not known to earlier versions is left out while it says nothing."""
        unknown = {name for name in ("rollback_seconds", "report_hash") if getattr(self, name) is None}
        return self.model_dump_json(exclude=unknown or None)

    @property
    def hash(self) -> str:
        """Of the line."""
        return hashlib.sha256(self.line.encode()).hexdigest()


def read_ledger(path: Path) -> tuple[LedgerEntry, ...]:
    """Every entry, oldest first; nothing without a file. StorageError when a line is damaged or the chain is broken:
    a ledger that was edited promotes nothing."""
    if not path.exists():
        return ()
    entries: list[LedgerEntry] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
    for number, line in enumerate(lines, 1):
        try:
            entry = LedgerEntry.model_validate_json(line)
        except ValidationError as error:
            raise StorageError(
                f"{path}:{number}: is no entry of a rollout ledger. Bring back the file as it was, or move it away and "
                "test the stages again"
            ) from error
        if entry.previous != (entries[-1].hash if entries else FIRST):
            raise StorageError(
                f"{path}:{number}: the chain is broken here: a line was changed, added or removed by hand. Bring back "
                "the file as it was, or move it away and test the stages again"
            )
        entries.append(entry)
    return tuple(entries)


def append_entry(path: Path, entry: LedgerEntry) -> LedgerEntry:
    """Append an entry behind the last one; the entry as written."""
    entries = read_ledger(path)
    chained = entry.model_copy(update={"previous": entries[-1].hash if entries else FIRST})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(chained.line + "\n")
    except OSError as error:
        raise StorageError(f"{path}: cannot write: {error.strerror or error}") from error
    return chained


def latest(
    entries: Sequence[LedgerEntry], stage: str, *, digest: str, backend: str | None = None, target: str | None = None
) -> LedgerEntry | None:
    """The newest test of a stage on this version of the plan, and of backend and target where they are given."""
    for entry in reversed(entries):
        same = entry.stage == stage and entry.digest == digest
        if same and backend in {None, entry.backend} and target in {None, entry.target}:
            return entry
    return None


def doubt_about(entry: LedgerEntry, out: Path) -> str | None:
    """Why an entry does not count, from the reports beside the ledger; None when nothing speaks against it.

    The chain does not protect its end: the last line may have been edited, or lines behind it taken away. Whoever
    forges the report and its hash as well is not noticed; the ledger has no key.
    """
    if entry.report_hash is None:
        return None  # of an earlier version
    try:
        content = (out / entry.report / REPORT_FILE).read_bytes()
    except OSError as error:
        return f"its report {entry.report}/{REPORT_FILE} cannot be read: {error.strerror or error}"
    if hashlib.sha256(content).hexdigest() != entry.report_hash:
        return f"{entry.report}/{REPORT_FILE} is not what the ledger speaks of: one of them was changed by hand"
    if not _same_test(content, entry, at=entry.at, outcome=str(entry.outcome)):
        return f"its report {entry.report}/{REPORT_FILE} says otherwise: the ledger was changed by hand"
    for path in sorted(out.glob(f"{entry.stage}-*/{REPORT_FILE}")):
        if path.parent.name > entry.report and _same_test(path.read_bytes(), entry):
            return f"the ledger lacks a later test of the stage: {path.parent.name}"
    return None


def _same_test(content: bytes, entry: LedgerEntry, **more: str) -> bool:
    """Whether a report is of the stage, plan, backend and target of an entry, and `more` of it."""
    try:
        told = json.loads(content)
    except ValueError:
        return False
    same = {"stage": entry.stage, "digest": entry.digest, "backend_version": entry.backend,
            "target": entry.target}  # fmt: skip
    wanted = same | ({"started_at": more["at"], "outcome": more["outcome"]} if more else {})
    return isinstance(told, dict) and all(told.get(name) == value for name, value in wanted.items())
