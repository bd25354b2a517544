"""The seam to vcrpy: one cassette of its kind per process, which hands each request to the deck of its context.

Two vcrpy cassettes that are open at once in one process mix, and leave httpx patched. So there is one, entered with the
first deck and left with the last; which deck a request belongs to is told by a context variable, which threads and
asyncio tasks have each for themselves.
"""

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from vcr.cassette import Cassette, CassetteContextDecorator
from vcr.patch import PATCHER_NAMES
from vcr.record_mode import RecordMode
from vcr.stubs.httpx_stubs import vcr_handle_async_request, vcr_handle_request

from harness.errors import HarnessError
from harness.recording.interaction import Answer

Raw = tuple[str, str, Iterable[tuple[str, str]], bytes]


class Deck(Protocol):
    """A recorder or a player."""

    replays: bool

    def answer(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> Answer | None:
        """The recorded answer; None: ask the target."""


TALKATIVE = ("vcr.request", "vcr.cassette", "vcr.matchers", "vcr.stubs", "vcr.stubs.httpx_stubs")
"""The loggers of vcrpy that speak of requests."""

_DECK: ContextVar[Any] = ContextVar("deck")


class Switchboard(Cassette):  # type: ignore[misc]
    """vcrpy's cassette without its list: what it asks goes to the deck of the context."""

    def __init__(self, path: str) -> None:
        patches = (
            (httpx.HTTPTransport, "handle_request", self._sync(httpx.HTTPTransport.handle_request)),
            (
                httpx.AsyncHTTPTransport,
                "handle_async_request",
                self._async(httpx.AsyncHTTPTransport.handle_async_request),
            ),
        )
        super().__init__(path=path, record_mode=RecordMode.NEW_EPISODES, skip_patchers=PATCHER_NAMES,
                         custom_patches=patches)  # fmt: skip
        self._found = threading.local()

    def can_play_response_for(self, request: Any) -> bool:
        """Whether the deck answers; a player that cannot raises CassetteMiss."""
        answer = _deck(request).answer(*_raw(request))
        self._found.answer = answer
        return answer is not None

    def play_response(self, request: Any) -> dict[str, Any]:  # noqa: ARG002 - it was asked just before
        """The answer in vcrpy's form; the recorded error when there was none."""
        answer: Answer = self._found.answer
        if answer.status is None:
            kind, _, message = (answer.problem or "TransportError").partition(":")
            raise getattr(httpx, kind, httpx.TransportError)(message.removeprefix(" "))
        headers = {name: value.split("\n") for name, value in answer.headers.items()}
        return {"status": {"code": answer.status, "message": ""}, "headers": headers,
                "body": {"string": answer.content}}  # fmt: skip

    def append(self, request: Any, response: dict[str, Any]) -> None:
        """Keep what the target answered; a body in gzip is undone."""
        deck = _deck()
        headers = tuple((name, value) for name, values in response["headers"].items() for value in values)
        try:
            content = httpx.Response(
                response["status"]["code"], headers=headers, content=response["body"]["string"]
            ).content
        except httpx.DecodingError as error:
            deck.fail(_raw(request), _problem(error))
            raise
        deck.keep(_raw(request), response["status"]["code"], headers, content)

    def _load(self) -> None:
        self.rewound = True

    def _save(self, force: bool = False) -> None:
        """The deck has kept everything already."""

    def _sync(self, real: Any) -> Any:
        def handle(transport: Any, request: httpx.Request) -> Any:
            try:
                response = real(transport, request)
                response.stream = httpx.ByteStream(_drained(response.stream))
            except httpx.TransportError as error:
                _deck().fail(_sent(request), _problem(error))
                raise
            return response

        return vcr_handle_request(self, handle, httpx)

    def _async(self, real: Any) -> Any:
        async def handle(transport: Any, request: httpx.Request) -> Any:
            try:
                response = await real(transport, request)
                response.stream = httpx.ByteStream(await _drained_async(response.stream))
            except httpx.TransportError as error:
                _deck().fail(_sent(request), _problem(error))
                raise
            return response

        return vcr_handle_async_request(self, handle, httpx)


class _Patch:
    """httpx is patched while at least one deck is in use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._stack = ExitStack()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._users == 0:
                self._stack.enter_context(_entered())
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._stack.close()


_PATCH = _Patch()
"""Process-wide because what it patches is."""


@contextmanager
def using(deck: Any) -> Iterator[None]:
    """Hand every httpx request of this thread or task to `deck`. A thread that is started inside needs a copy of the
    context (`contextvars.copy_context().run`); a request without a deck is an error while any is in use."""
    with _PATCH():
        before = _DECK.set(deck)
        try:
            yield
        finally:
            _DECK.reset(before)


def _deck(request: Any = None) -> Any:
    found = _DECK.get(None)
    if found is None:
        what = "a request" if request is None else f"{request.method} {urlsplit(str(request.uri)).path}"
        raise HarnessError(
            f"{what} was sent outside of every cassette while one is open in this process. Start its thread with "
            "contextvars.copy_context().run"
        )
    return found


def _drained(stream: Any) -> bytes:
    """The whole body. A connection may break within it, and that is the answer that a replay has to give."""
    try:
        return b"".join(stream)
    finally:
        stream.close()


async def _drained_async(stream: Any) -> bytes:
    """As `_drained`."""
    try:
        return b"".join([part async for part in stream])
    finally:
        await stream.aclose()


def _problem(error: httpx.RequestError) -> str:
    return f"{type(error).__name__}: {error}"


def _raw(request: Any) -> Raw:
    return request.method, request.uri, tuple(request.headers.items()), request.body or b""


def _sent(request: httpx.Request) -> Raw:
    return request.method, str(request.url), tuple(request.headers.items()), request.content


def _entered() -> Any:
    """vcrpy's own context around the switchboard. vcrpy tells its log whole URLs, and these hold access tokens."""
    for name in TALKATIVE:
        logging.getLogger(name).disabled = True
    return CassetteContextDecorator(Switchboard, lambda: {"path": "golive"})
