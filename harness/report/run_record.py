"""What a run says of itself: `run.json` (written before the first request) and `end.json` (written last).

The fold reads both back. A directory without `end.json` is a run that died, and is never `go`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from harness.core import Strength
from harness.errors import StorageError
from harness.plan.loader import PLANS
from harness.report.atomic import write_text
from harness.report.declared import Declared
from harness.report.legible import legible

RUN_FILE = "run.json"
END_FILE = "end.json"
INPUTS = ("checklist.yaml", "attestations.yaml", "accepted.yaml")
"""Files beside the run that a verdict depends on."""


class Record(BaseModel):
    """Base: frozen; unknown keys are ignored, so that a newer run can be folded by an older golive."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _instant(text: str) -> str:
    """Refuses what is not ISO 8601: pydantic turns the ValueError into a message with the field's name."""
    datetime.fromisoformat(text)
    return text


Instant = Annotated[str, AfterValidator(_instant)]
"""An ISO 8601 instant, kept as it was written."""


Text = Annotated[str, BeforeValidator(lambda value: legible(value) if isinstance(value, str) else value)]
"""A text that may come from a target: what no file may hold is made visible."""


class PlanRecord(Record):
    """A plan as it was when the run started. `sha256` is of the file's bytes, in hex."""

    plan: str
    title: str
    path: str
    sha256: str
    lines: dict[str, int] = {}
    """The line on which each resource begins."""


def other_plans(known: Iterable[PlanRecord], wanted: Iterable[PlanRecord]) -> list[str]:
    """The names of the wanted plans that are not among the known ones, byte by byte."""
    same = {(plan.plan, plan.sha256) for plan in known}
    return sorted(plan.plan for plan in wanted if (plan.plan, plan.sha256) not in same)


class ConnectionRecord(Record):
    """A connection that the run used. `ready` is None when it was not asked; `problem` says what a person must fix."""

    id: Text | None
    platform: Text
    status: Text | None = None
    org_id: Text | None = None
    ready: bool | None = None
    problem: Text | None = None


class RunRecord(Record):
    """`run.json`: what was asked. Times are ISO 8601 in UTC; `base_url` and `command` hold no secret.

    `expected_cases` are the ids of all selected cases: one without a result makes the run inconclusive.
    `checklist`, `attestations` and `accepted` are paths; None means the shipped ones.
    """

    golive: str
    target: str
    base_url: str | None
    strength: Strength
    contract_version: str
    started_at: Instant
    command: str
    python: str
    git_commit: str | None = None
    plans: tuple[PlanRecord, ...] = ()
    platforms: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    workers: int = 1
    repeat: int = 1
    defects: tuple[str, ...] = ()
    connections: tuple[ConnectionRecord, ...] = ()
    expected_cases: tuple[str, ...] = ()
    checklist: str | None = None
    attestations: str | None = None
    accepted: str | None = None
    declared: Declared = Declared()

    @property
    def inputs(self) -> dict[str, Path]:
        """Where each of `INPUTS` is."""
        given = dict(zip(INPUTS, (self.checklist, self.attestations, self.accepted), strict=True))
        return {name: Path(path) if path else PLANS / name for name, path in given.items()}

    def save(self, directory: Path) -> None:
        """Write `run.json`; StorageError when the directory or the disk refuses."""
        write_text(directory / RUN_FILE, self.model_dump_json(indent=1))

    @classmethod
    def load(cls, directory: Path) -> "RunRecord":
        """Read `run.json`; StorageError when there is none or it is damaged."""
        return _load(cls, directory / RUN_FILE)


class LeftBehind(Record):
    """An object that the run created on the target and could not delete."""

    platform: str
    resource: str
    id: Text | None
    why: Text
    case: str | None = None


class EndRecord(Record):
    """`end.json`: how the run ended. `errors` are those that belong to no case (collection, a worker that died,
    cleanup), `doubts` say why what was proven counts for nothing: a replay that was not the recorded run."""

    ended_at: Instant
    interrupted: bool = False
    errors: tuple[Text, ...] = ()
    doubts: tuple[Text, ...] = ()
    left_behind: tuple[LeftBehind, ...] = ()

    def save(self, directory: Path) -> None:
        """Write `end.json`; StorageError when the directory or the disk refuses."""
        write_text(directory / END_FILE, self.model_dump_json(indent=1))

    @classmethod
    def load(cls, directory: Path) -> "EndRecord | None":
        """Read `end.json`; None when the run died before it wrote one."""
        path = directory / END_FILE
        return _load(cls, path) if path.exists() else None


def plan_record(path: Path, plan: str, title: str, lines: Mapping[str, int] | None = None) -> PlanRecord:
    """The record of a plan file as it is on disk now."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
    return PlanRecord(plan=plan, title=title, path=str(path), sha256=digest, lines=dict(lines or {}))


R = TypeVar("R", bound=Record)


def _load(model: type[R], path: Path) -> R:
    try:
        return model.model_validate(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise StorageError(
            f"{path}: there is no such file, so this is not the directory of a run. Run `golive run` first"
        ) from error
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
    except (ValueError, ValidationError) as error:
        raise StorageError(f"{path}: damaged: {str(error).splitlines()[0]}") from error
