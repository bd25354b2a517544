"""Structured logs on standard error: one JSON object a line, with the id of the request that it belongs to.

What is logged is named field by field: paths without their queries, statuses, durations, ids. Bodies, headers and
queries never are, because they hold tokens and customers' data. The API's own id of each request is logged with it: its
support asks for that one. Source: [D:troubleshooting], X-Rutter-Request-ID.
"""

import json
import logging
import re
import sys
import time
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOT = "golive.backend"
REQUEST = logging.getLogger(f"{ROOT}.request")
HEADER = b"x-request-id"
QUIET = frozenset({"/health", "/metrics", "/golive/queue"})
"""Addresses that programs look at every few seconds."""
current: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request under way."""
_GIVEN = re.compile(rb"[A-Za-z0-9_-]{8,64}")


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One line. `extra={"fields": {...}}` adds fields."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": current.get(),
            **getattr(record, "fields", {}),
        }
        return json.dumps({name: value for name, value in line.items() if value is not None})


def begin() -> None:
    """Write the backend's logs to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logger = logging.getLogger(ROOT)
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)


class Logged:
    """An application whose requests have ids: that of the caller, or a new one, sent back as X-Request-ID. Webhooks
    that were stored and looks of monitoring are counted by the metrics and not logged."""

    def __init__(self, application: ASGIApp, webhooks: frozenset[str]) -> None:
        self._application = application
        self._webhooks = webhooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        id = given.decode() if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        begun, status = time.monotonic(), 500

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, id.encode())]}
            await send(message)

        token = current.set(id)
        try:
            await self._application(scope, receive, answered)
        finally:
            path = scope["path"]
            if path not in QUIET and not (path in self._webhooks and status < 400):
                fields = {"method": scope["method"], "path": path[:200], "status": status,
                          "ms": round((time.monotonic() - begun) * 1000, 1)}  # fmt: skip
                REQUEST.log(logging.WARNING if status >= 400 else logging.INFO, "request", extra={"fields": fields})
            current.reset(token)
