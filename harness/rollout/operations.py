"""One thing that a user wants, from its planned arrival to the exchange that it was."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.core import Exchange
from harness.core.exchange import Request, Response, TransportProblem
from harness.rollout.transport import Completion
from harness.rollout.work import Flow, Step, Work


@dataclass(slots=True)
class Operation:
    """One thing that a user wants. `due` moves with each attempt, `intended` stays."""

    step: Step
    flow: Flow
    intended: float
    due: float
    connection: int = 0
    attempt: int = 1
    ready: float = 0.0
    sent: float = 0.0
    url: str = ""
    body: bytes | None = None
    retry: Any = None
    looks: int = 0


@dataclass(slots=True)
class Sample:
    """An answer that is kept for the checks, raw and in memory only."""

    operation: Operation
    completion: Completion


def arrivals(work: Work, index: int, start: float) -> Iterator[Operation]:
    """The arrivals of process `index` in the order of their time: a connection stays with one process."""

    def of(place: int, flow: Flow) -> Iterator[tuple[float, int, Operation]]:
        phase = (place * 0.618) % 1
        for number in range(flow.count):
            connection = number // flow.unit
            if connection % work.workers == index:
                due = start + (number + phase) / flow.count * work.seconds
                step = flow.steps[number % len(flow.steps)]
                yield due, place, Operation(step, flow, due, due, connection)

    flows = [of(place, flow) for place, flow in enumerate(work.flows)]
    return (operation for _, _, operation in heapq.merge(*flows, key=lambda item: item[:2]))


def brief_exchange(operation: Operation, completion: Completion) -> Exchange:
    """What the client's retry table wants to see of an attempt."""
    response = problem = None
    if completion.status is None:
        problem = TransportProblem("protocol", completion.problem or "", sent=completion.was_sent)
    else:
        after = (("retry-after", str(completion.retry_after)),) if completion.retry_after else ()
        response = Response(completion.status, after)
    return Exchange(Request(operation.step.method, "", ()), response, problem, datetime.now(UTC), 0.0)


def full_exchange(sample: Sample) -> Exchange:
    """A sampled answer as an exchange: raw, to be redacted before anything else happens to it."""
    operation, completion = sample.operation, sample.completion
    return Exchange(
        request=Request(operation.step.method, operation.url, (), operation.body or b""),
        response=Response(completion.status or 0, completion.headers(), completion.body),
        problem=None,
        started_at=datetime.now(UTC),
        elapsed=0.0,
        platform=operation.step.platform,
        resource=operation.step.resource,
        operation=operation.step.operation,
    )


def is_wrapped(body: bytes, key: str) -> bool:
    """Whether a body can be a whole JSON object with that key: a page of a proxy, half an answer or another one is
    not. Parsing each would cost the generator its time; the checks parse a sample."""
    return body.lstrip()[:1] == b"{" and body.rstrip()[-1:] == b"}" and f'"{key}"'.encode() in body


def is_empty(body: bytes, key: str) -> bool:
    """Whether the list under that key has no row."""
    after = body.partition(f'"{key}"'.encode())[2].lstrip(b": \t\r\n")
    return after[:1] == b"[" and after[1:64].lstrip()[:1] == b"]"
