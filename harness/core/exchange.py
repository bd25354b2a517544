"""One request with its response or transport problem, raw and in memory only. May hold secrets: never write it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

Headers = tuple[tuple[str, str], ...]


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, names compared without case; None when absent."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent. `url` is absolute and includes the query as sent; `body` is the exact bytes."""

    method: str
    url: str
    headers: Headers = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def __repr__(self) -> str:
        """Method and path only: query and headers may hold secrets."""
        return f"Request({self.method} {self.url.partition('?')[0]})"


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: status, headers in wire order, body after content-encoding was undone."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first value of a header, names compared without case; None when absent."""
        return header(self.headers, name)


@dataclass(frozen=True, slots=True)
class TransportProblem:
    """Why there is no response. `kind` is one of connect, timeout, protocol, blocked; `sent` tells whether the request
    may have reached the target (then a write is indeterminate)."""

    kind: str
    message: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt. Exactly one of `response` and `problem` is set. `elapsed` in seconds."""

    request: Request
    response: Response | None
    problem: TransportProblem | None
    started_at: datetime
    elapsed: float
    attempt: int = 1
    platform: str | None = None
    connection_id: str | None = None
    resource: str | None = None
    operation: str | None = None

    @property
    def status(self) -> int | None:
        """HTTP status, None when there is no response."""
        return self.response.status if self.response else None


def make_headers(pairs: Iterable[tuple[str, str]]) -> Headers:
    """Headers as a tuple of pairs, order and repeats kept."""
    return tuple((str(key), str(value)) for key, value in pairs)
