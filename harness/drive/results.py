"""What reads and writes give back to a case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.core import Evidence


@dataclass(frozen=True, slots=True)
class Walk:
    """A list walked to its end. `rows` are the JSON objects of all pages in order; `complete` is False when the walk
    ended early, and `problem` says why."""

    pages: tuple[Evidence, ...]
    rows: tuple[dict[str, Any], ...]
    origins: tuple[int, ...]
    """For each row, the index of its page."""
    complete: bool
    problem: str | None

    def row_evidence(self, index: int) -> str:
        """The id of the evidence that row `index` came from."""
        return self.pages[self.origins[index]].id

    @property
    def evidence_ids(self) -> tuple[str, ...]:
        """The ids of all pages' evidence."""
        return tuple(page.id for page in self.pages)

    @property
    def by_id(self) -> dict[str, dict[str, Any]]:
        """Rows by id; rows without a text id are left out."""
        return {row["id"]: row for row in self.rows if isinstance(row.get("id"), str)}


@dataclass(frozen=True, slots=True)
class Write:
    """A write with its end. `evidence` is the write's own answer; `job` the final `GET /jobs/{id}` when it answered
    with a job. `status` is the write's own or the job's `response.http_status`; `body` likewise. `entity` is the
    unwrapped object, None when there is none."""

    evidence: Evidence
    job: Evidence | None
    status: int | None
    body: Any
    entity: dict[str, Any] | None
    entities: tuple[dict[str, Any], ...] = ()
    """All objects of a bulk write; the one entity otherwise."""
    indeterminate: bool = False
    """5xx or no answer: the object may exist. Source: [D:implementation-guides/handling-errors]."""

    @property
    def id(self) -> str | None:
        """The id of the entity."""
        found = self.entity.get("id") if self.entity else None
        return found if isinstance(found, str) else None

    @property
    def ok(self) -> bool:
        """Whether the write ended with 200."""
        return self.status == 200

    @property
    def accepted(self) -> bool:
        """Whether the answer carries X-Rutter-Job-ID: the idempotency key is then bound. Source: idempotency guide."""
        return self.evidence.job_id is not None

    @property
    def evidence_ids(self) -> tuple[str, ...]:
        """The ids of the write's and the job's evidence."""
        return (self.evidence.id, *((self.job.id,) if self.job else ()))


@dataclass(frozen=True, slots=True)
class First:
    """A create that was sent under a key, and when (the clock's monotonic seconds)."""

    key: str
    body: Mapping[str, Any]
    write: Write
    at: float
