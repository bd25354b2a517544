"""The HTTP side: webhooks in, and what an operator looks at. Addresses that read the database run in threads."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.backend.assembly import Backend
from harness.backend.inbox import DEAD
from harness.backend.intake import Intake
from harness.backend.meaning import event_of
from harness.backend.metrics import Metrics
from harness.backend.outgoing import Outgoing
from harness.backend.pages import Pages, json_response
from harness.backend.signature import HEADER, verified
from harness.errors import StorageError

WEBHOOKS, SHORT = "/webhooks/rutter", "/webhooks"
"""Where events are taken: both are the same address to senders."""
QUEUE = "/golive/queue"
"""What a load test looks at while it runs."""


class Endpoints:
    """What each address does."""

    def __init__(self, backend: Backend, intake: Intake) -> None:
        self.settings = backend.settings
        self.inbox = backend.inbox
        self.intake = intake
        self.metrics = Metrics(backend)

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route(WEBHOOKS, self.webhook, methods=["POST"]),
            Route(SHORT, self.webhook, methods=["POST"]),
            Route(QUEUE, self.queue, methods=["GET"]),
            Route("/events", self.events, methods=["GET"]),
            Route("/dead-letters", self.dead_letters, methods=["GET"]),
            Route("/dead-letters/replay", self.replay, methods=["POST"]),
            Route("/health", self.health, methods=["GET"]),
            Route("/metrics", self.prometheus, methods=["GET"]),
        ]

    async def webhook(self, request: Request) -> Response:
        """Verify the raw bytes, store, acknowledge. 503 when it could not be stored: the API then sends it again."""
        content = await self._content(request)
        if content is None:
            return self._ended("too_large", 413, "The body is larger than any event.")
        if not verified(content, request.headers.get(HEADER), self.settings.signing_secrets):
            return self._ended("wrong_signature", 401, "X-Rutter-Signature is not right for this body.")
        event = event_of(content)
        if event is None:
            return self._ended("no_event", 400, "The body is not a JSON object with a code.")
        try:
            await self.intake.keep(event)
        except StorageError:
            return self._ended("not_stored", 503, "The event could not be stored; send it again.")
        return self._ended("stored", 200, None)

    def events(self, request: Request) -> Response:
        """The latest events, of one connection with `?connection_id=`."""
        return json_response({"events": self.inbox.shown(request.query_params.get("connection_id"), None)})

    def dead_letters(self, _request: Request) -> Response:
        """What could not be worked off, with the reason."""
        return json_response({"dead_letters": self.inbox.shown(None, DEAD)})

    def replay(self, request: Request) -> Response:
        """Try dead letters again, all or the one of `?digest=`."""
        return json_response({"replayed": self.inbox.revive(request.query_params.get("digest"))})

    def health(self, _request: Request) -> Response:
        """200 with the depth of the inbox; 503 when the database does not answer."""
        try:
            depth = self.inbox.depth()
        except StorageError as error:
            return json_response({"status": "database", "detail": str(error)}, 503)
        return json_response({"status": "ok", "waiting": depth.waiting, "oldest_seconds": round(depth.oldest, 3),
                      "dead": depth.dead})  # fmt: skip

    def queue(self, _request: Request) -> Response:
        """How far the workers are: events that wait, the age of the oldest in seconds, distinct ones worked off."""
        try:
            depth = self.inbox.depth()
        except StorageError as error:
            return json_response({"error": str(error)}, 503)
        return json_response({"backlog": depth.waiting, "oldest_seconds": round(depth.oldest, 3),
                              "processed": depth.done})  # fmt: skip

    def prometheus(self, _request: Request) -> Response:
        """Metrics as Prometheus text."""
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _content(self, request: Request) -> bytes | None:
        """The raw body; None as soon as it is larger than allowed."""
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self.settings.largest_body:
                return None
            parts.append(part)
        return b"".join(parts)

    def _ended(self, outcome: str, status: int, problem: str | None) -> Response:
        self.metrics.webhooks.labels(outcome).inc()
        return json_response({"error": problem} if problem else {"stored": True}, status)


def application(*parts: Endpoints | Pages | Outgoing) -> Starlette:
    """The ASGI application."""
    return Starlette(routes=[route for part in parts for route in part.routes()])
