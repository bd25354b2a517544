"""Writes that answer with a job, and where the job ends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from harness.checks.paths import short
from harness.checks.registry import Observation, Subject, check
from harness.core import Evidence, Severity

STATES = frozenset({"prequeued", "pending", "success", "partial_success", "failure"})
"""`partial_success` is of 2023-03-14; tolerated. Source: [S23], [S24]."""


@dataclass(frozen=True, slots=True)
class Job(Subject):
    """A write that was asked to answer later. `job` is the last `GET /jobs/{id}`; `wanted` the `http_status` inside."""

    answer: Evidence
    job: Evidence | None
    method: str
    key: str | None
    succeeds: bool
    sent: Mapping[str, Any] | None = None
    """The inner object of the write; None for a delete."""
    wrapper: str | None = None


@dataclass(frozen=True, slots=True)
class Made(Subject):
    """An asynchronous create of `wanted` objects. `made` are the ids of those like it that appeared in the list."""

    made: tuple[str, ...]
    wanted: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled(Subject):
    """A job that had ended, looked at once more: the status with which it ended, and the one that it has now."""

    ended: str
    now: Any
    evidence: tuple[str, ...]


ENDED = frozenset({"success", "partial_success", "failure"})
"""The states that a job does not leave."""


@check("jobs.settled")
def settled(subject: Settled) -> Iterator[Observation]:
    """A job that has ended stays as it ended: who books on `success` never looks again. Source: [S24]
    AsynchronousJob.status, [D:implementation-guides/making-idempotent-requests] (results are stored)."""
    if subject.now != subject.ended:
        yield Observation("a job that had ended changes its status", subject.ended, short(subject.now), "status",
                          subject.evidence)  # fmt: skip


@check("jobs.shape")
def shape(subject: Job) -> Iterator[Observation]:
    """`response_mode: async` answers 200 with `async_response`: id, response_url and a known status. Source: [S24]
    AsyncResponse."""
    body = subject.answer.body
    told = body.get("async_response") if isinstance(body, dict) else None
    ids = (subject.answer.id,)
    if subject.answer.status != 200 or not isinstance(told, dict):
        yield Observation(
            "an asynchronous write does not answer with a job",
            "200 with async_response",
            f"{subject.answer.status} {short(body)}",
            "async_response",
            ids,
        )
        return
    for name in ("id", "response_url"):
        if not isinstance(told.get(name), str) or not told[name]:
            yield Observation(
                f"async_response has no {name}", "a text", short(told.get(name)), f"async_response.{name}", ids
            )
    if told.get("status") not in STATES:
        yield Observation(
            "async_response has an unknown status",
            " or ".join(sorted(STATES)),
            short(told.get("status")),
            "async_response.status",
            ids,
        )
    id, url = told.get("id"), told.get("response_url")
    mark = subject.answer.job_id
    if isinstance(id, str) and mark and mark != id:
        yield Observation("X-Rutter-Job-ID names another job than the answer", id, short(mark), "X-Rutter-Job-ID", ids)
    if isinstance(id, str) and isinstance(url, str) and id not in url:
        yield Observation(
            "response_url does not lead to the job", f".../jobs/{id}", short(url), "async_response.response_url", ids
        )


@check("jobs.end")
def end(subject: Job) -> Iterator[Observation]:
    """`GET /jobs/{id}` is a bare job that ends: `success` with the answer that a synchronous call would have had, or
    `failure` with its error and status inside, though the job itself is a 200. Source: [S24] AsynchronousJob, traps 2
    and 3."""
    if subject.job is None:
        return
    job, ids = subject.job.body, (subject.answer.id, subject.job.id)
    if subject.job.status != 200 or not isinstance(job, dict) or "status" not in job:
        yield Observation(
            "a job cannot be read", "200 with a bare job", f"{subject.job.status} {short(job)}", None, ids
        )
        return
    promised = subject.answer.body.get("async_response") if isinstance(subject.answer.body, dict) else None
    if isinstance(promised, dict) and job.get("id") != promised.get("id"):
        yield Observation("a job answers with another id", short(promised.get("id")), short(job.get("id")), "id", ids)
        return
    wanted = "success" if subject.succeeds else "failure"
    if job.get("status") != wanted:
        yield Observation("a job does not end as it should", wanted, short(job.get("status")), "status", ids)
        return
    response: Any = job.get("response")
    status = response.get("http_status") if isinstance(response, dict) else None
    fine = isinstance(status, int) and ((status == 200) if subject.succeeds else 400 <= status < 500)
    if not fine:
        yield Observation(
            "a job holds no proper response",
            "http_status 200" if subject.succeeds else "a 4xx http_status",
            short(response),
            "response.http_status",
            ids,
        )
    elif not isinstance(response.get("body"), dict):
        yield Observation(
            "a finished job has no body", "the body that a synchronous call has", short(response), "response.body", ids
        )
    elif not subject.succeeds and not isinstance(response["body"].get("error_code"), str):
        yield Observation(
            "a failed job holds no error",
            "error_type, error_code, error_message",
            short(response["body"]),
            "response.body.error_code",
            ids,
        )


@check("jobs.request")
def request(subject: Job) -> Iterator[Observation]:
    """A job tells which request it is for: method, url, body, and the idempotency key. That it tells no key, which the
    contract does not require, does not vote. Source: [S24] AsynchronousJob.request,
    [D:implementation-guides/making-idempotent-requests]."""
    if subject.job is None or not isinstance(subject.job.body, dict):
        return
    told, ids = subject.job.body.get("request"), (subject.job.id,)
    if not isinstance(told, dict):
        yield Observation("a job does not tell its request", "request with method and url", short(told), "request", ids)
        return
    if str(told.get("method", "")).upper() != subject.method or not isinstance(told.get("url"), str):
        yield Observation(
            "a job tells another request",
            f"{subject.method} and a url",
            short({name: told.get(name) for name in ("method", "url")}),
            "request.method",
            ids,
        )
    elif _relative(subject.answer) not in told["url"]:
        yield Observation("a job tells the url of another request", _relative(subject.answer), short(told["url"]),
                          "request.url", ids)  # fmt: skip
    if not _tells(subject, told.get("body")):
        yield Observation("a job tells the body of another request", short(subject.sent), short(told.get("body")),
                          "request.body", ids)  # fmt: skip
    key = told.get("idempotency_key")
    if subject.key is not None and key != subject.key:
        yield Observation(
            "a job tells another idempotency key" if key else "a job does not tell its idempotency key",
            subject.key,
            short(key),
            "request.idempotency_key",
            ids,
            None if key else Severity.ADVISORY,
        )


def _relative(answer: Evidence) -> str:
    """The path behind the base URL: a target may stand behind another host and prefix than it knows."""
    return answer.path.removeprefix(urlsplit(answer.base_url).path)


def _tells(subject: Job, body: Any) -> bool:
    """Whether a told body is the one that was sent, with or without its wrapper; telling none is allowed. Source: [S24]
    AsynchronousJob.request.body is optional."""
    if body is None or subject.sent is None:
        return True
    inner = body.get(subject.wrapper) if isinstance(body, dict) and subject.wrapper in body else body
    return isinstance(inner, dict) and all(inner.get(name) == value for name, value in subject.sent.items())


@check("jobs.once")
def once(subject: Made) -> Iterator[Observation]:
    """An asynchronous create makes what it names once, and nothing a second time when it is sent again under its key:
    counted by listing. Source: [S24] async writes, [D:implementation-guides/making-idempotent-requests]."""
    if len(subject.made) > subject.wanted:
        yield Observation(f"an asynchronous create made {len(subject.made)} objects", f"{subject.wanted} in the list",
                          f"{len(subject.made)}: {short(subject.made)}", "response_mode", subject.evidence)  # fmt: skip
