"""The jobs of asynchronous writes: what an answer says of one, and the request that looks at it."""

import json
import re
from typing import Any

from harness.rollout.operations import Operation
from harness.rollout.work import Step

DELAY = 1.0
"""Seconds after which the job of an asynchronous write is looked at."""
LAST = 3.0
"""Seconds before the end of the load at which those that had not ended then are looked at once more."""
MOST = 10
"""Of them, in each process."""
DONE, OPEN = frozenset({"success", "partial_success"}), frozenset({"prequeued", "pending"})
"""Source: [S24] AsynchronousJob; `partial_success` is of 2023-03-14, [S23]."""
_JOB = re.compile(rb'"async_response"\s*:\s*\{[^{}]*?"id"\s*:\s*"([^"]+)"')


def job_of(operation: Operation, body: bytes) -> Step | None:
    """The request that looks at the job which an answer promises; None when it promises none."""
    found = _JOB.search(body)
    if found is None:
        return None
    return Step("job", "GET", f"/jobs/{found[1].decode()}", None, None, "jobs", "job", operation.step.case)


def has_ended(body: bytes) -> bool:
    """Whether a job was carried out; False while it is open. ValueError for one that failed, or that is none: a job
    that failed is answered 200, its error inside. Source: [S24] AsynchronousJob."""
    job: Any = json.loads(body)
    status = job.get("status") if isinstance(job, dict) else None
    if status in OPEN:
        return False
    response = job.get("response") if isinstance(job, dict) else None
    inside = response.get("http_status", 200) if isinstance(response, dict) else 200
    if status not in DONE or inside != 200:
        raise ValueError(f"a job with the status {status!r} and the answer {inside!r} inside")
    return True
