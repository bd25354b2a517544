"""Following a job to its end. A flow without I/O: it yields waits and is told job bodies.

Every write may answer with `async_response`, whatever was asked. Source: [S24], traps 1 and 2 of the facts.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

RUNNING = frozenset({"prequeued", "pending"})
FIRST_WAIT = 0.02
LONGEST_WAIT = 2.0
PATIENCE = 60.0
"""Seconds until a job counts as never ending; the API documents no bound."""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How following ended: `finished` says that the job left its running states; `problem` why it did not."""

    finished: bool
    problem: str | None


def job_reference(body: Any) -> str | None:
    """The job's id when a write was answered with `async_response`; None otherwise."""
    if isinstance(body, dict) and isinstance(body.get("async_response"), dict):
        found = body["async_response"].get("id")
        return found if isinstance(found, str) else None
    return None


def follow_job(*, patience: float = PATIENCE) -> Generator[float, Any, JobEnd]:
    """Yield how many seconds to wait before the next look; send the parsed job body in (None when it was not 200)."""
    waited, pause = 0.0, 0.0
    while True:
        body = yield pause
        waited += pause
        if not isinstance(body, dict):
            return JobEnd(False, "GET /jobs/{id} was not answered with 200 and a JSON object")
        job = body.get("job") if isinstance(body.get("job"), dict) else body
        status = job.get("status") if isinstance(job, dict) else None
        if status not in RUNNING:
            return JobEnd(True, None)
        if waited >= patience:
            return JobEnd(False, f"the job is still {status} after {waited:.0f} s")
        pause = min(LONGEST_WAIT, max(FIRST_WAIT, pause * 2))
