"""One client per worker: builds requests, spends the rate budget, sends, retries, records every attempt."""

import random
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import urlencode

import httpx

from harness.client.budget import RateBudget
from harness.client.retries import RetryPolicy, retrying
from harness.core import Clock, Exchange, Request, Response, Secret, TransportProblem
from harness.core.exchange import make_headers

R = TypeVar("R")
TIMEOUT = httpx.Timeout(35.0, connect=5.0)
"""Seconds. A synchronous write may take up to 30 s before it turns into a job. Source: [DA:asynchronous-operations]."""

ALWAYS = (("Accept-Encoding", "gzip, deflate"), ("User-Agent", "golive"))
"""Headers that every request carries."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The organisation's Basic pair."""

    client_id: Secret
    client_secret: Secret

    def header(self) -> str:
        """The value of `Authorization`."""
        return basic(self.client_id.reveal(), self.client_secret.reveal())


def basic(client_id: str, client_secret: str) -> str:
    """`Basic base64(id:secret)`. Source: [D:authorization]."""
    return "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode("ascii")


@dataclass(frozen=True, slots=True)
class Call:
    """One request before it is sent. `path` is relative to the base URL; `query` and `headers` may hold secrets."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    platform: str | None = None
    connection_id: str | None = None
    resource: str | None = None
    operation: str | None = None


class ApiClient(Generic[R]):
    """Sends calls to one base URL. `record` is given every attempt and returns what callers get back.

    Nothing is raised for what the target does: a broken connection is an exchange with a `problem`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        budget: RateBudget,
        clock: Clock,
        record: Callable[[Exchange], R],
        policy: RetryPolicy | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        seed: int = 0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._budget = budget
        self._clock = clock
        self._record = record
        self._policy = policy or RetryPolicy()
        self._random = random.Random(seed)  # noqa: S311 - jitter, not cryptography
        # The transport without a Client around it: no cookies, redirects or environment are wanted here, and merging
        # them costs a third of a request's time.
        self._transport = transport or httpx.HTTPTransport(trust_env=False)
        self._extensions = {"timeout": timeout.as_dict()}

    def send(self, call: Call, *, retry: bool = True) -> R:
        """Send `call`, repeat it as the documented table allows, return the record of the last attempt."""
        flow = retrying(self._policy, self._random)
        next(flow)
        attempt = 1
        while True:
            exchange = self._once(call, attempt)
            recorded = self._record(exchange)
            if not retry:
                return recorded
            try:
                wait = flow.send(exchange)
            except StopIteration:
                return recorded
            self._clock.sleep(wait.seconds)
            attempt += 1

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _once(self, call: Call, attempt: int) -> Exchange:
        self._budget.acquire()
        url = self.base_url + call.path + (f"?{urlencode(call.query)}" if call.query else "")
        started_at, started = self._clock.now(), self._clock.monotonic()
        response: Response | None = None
        problem: TransportProblem | None = None
        headers = make_headers(call.headers.items())
        try:
            request = httpx.Request(
                call.method, url, headers=[*headers, *ALWAYS], content=call.content, extensions=self._extensions
            )
            answer = self._transport.handle_request(request)
            try:
                content = answer.read()
            finally:
                answer.close()
            response = Response(answer.status_code, make_headers(answer.headers.multi_items()), content)
        except httpx.HTTPError as error:
            problem = _problem(error)
        except httpx.InvalidURL as error:
            problem = TransportProblem("protocol", f"the URL is not valid: {error}", sent=False)
        return Exchange(
            request=Request(call.method, url, headers, call.content or b""),
            response=response,
            problem=problem,
            started_at=started_at,
            elapsed=self._clock.monotonic() - started,
            attempt=attempt,
            platform=call.platform,
            connection_id=call.connection_id,
            resource=call.resource,
            operation=call.operation,
        )


def _problem(error: httpx.HTTPError) -> TransportProblem:
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return TransportProblem("connect", str(error) or type(error).__name__, sent=False)
    if isinstance(error, httpx.TimeoutException):
        return TransportProblem("timeout", type(error).__name__, sent=True)
    if isinstance(error, httpx.UnsupportedProtocol):
        return TransportProblem("protocol", str(error), sent=False)
    return TransportProblem("protocol", str(error) or type(error).__name__, sent=True)
