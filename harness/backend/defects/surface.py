"""What a careless backend gets wrong at its HTTP surface."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.backend.assembly import Backend
from harness.backend.defects.registry import Wrap, register
from harness.backend.signature import HEADER

Change = Callable[[Backend, int, Any], tuple[int, Any]]
LATE = 1.5


def _answers(method: str, path: str, change: Change) -> Wrap:
    """Change the JSON answers of one address: `change(backend, status, body)`."""

    def wrap(app: ASGIApp, backend: Backend) -> ASGIApp:
        """The application with that address changed."""

        async def changed(scope: Scope, receive: Receive, send: Send) -> None:
            """One request; the answer is held back, changed and sent with the length that it has then."""
            if scope["type"] != "http" or (scope["method"], scope["path"]) != (method, path):
                await app(scope, receive, send)
                return
            parts: list[Message] = []

            async def keep(message: Message) -> None:
                parts.append(message)

            await app(scope, receive, keep)
            content = b"".join(part.get("body", b"") for part in parts[1:])
            try:
                told = json.loads(content)
            except ValueError:
                told = None
            status, body = change(backend, parts[0]["status"], told)
            text = json.dumps(body).encode()
            head = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": text})

        return changed

    return wrap


def _webhooks(app: ASGIApp, backend: Backend) -> ASGIApp:
    """Sign whatever comes in rightly."""

    async def believing(scope: Scope, receive: Receive, send: Send) -> None:
        """One request; a webhook gets the signature that its body needs."""
        if scope["type"] != "http" or not scope["path"].startswith("/webhooks"):
            await app(scope, receive, send)
            return
        parts, more = [], True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        content = b"".join(parts)
        digest = hmac.new(backend.settings.client_secret.reveal().encode(), content, hashlib.sha256).digest()
        right = (HEADER.encode(), b"sha256=" + base64.b64encode(digest))
        headers = [*(pair for pair in scope["headers"] if pair[0] != right[0]), right]

        async def again() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        await app({**scope, "headers": headers}, again, send)

    return believing


def _late(app: ASGIApp, _backend: Backend) -> ASGIApp:
    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        """One request; a webhook waits before it is looked at."""
        if scope["type"] == "http" and scope["path"].startswith("/webhooks"):
            await asyncio.sleep(LATE)
        await app(scope, receive, send)

    return waiting


def _believed(_backend: Backend, status: int, body: Any) -> tuple[int, Any]:
    return (200, {"connection_id": "made-of-nothing"}) if status == 400 else (status, body)


def _opened(backend: Backend, status: int, body: Any) -> tuple[int, Any]:
    for row in body["connections"]:
        token = backend.connections.token(row["id"])
        row["access_token"] = token.reveal() if token is not None else None
    return status, body


register("believes_any_token", "a public token that the API refuses is answered with a success",
         ("backend.token_refused",), ("backend.link.refused",),
         wrap=_answers("POST", "/link/exchange", _believed))  # fmt: skip
register("shows_tokens", "the list of connections holds their access tokens", ("backend.token_secret",),
         ("backend.secrecy",), wrap=_answers("GET", "/connections", _opened))  # fmt: skip
register("believes_any_signature", "webhooks are not verified", ("backend.forged",), ("backend.webhooks.forged",),
         wrap=_webhooks)  # fmt: skip
register("acknowledges_late", "a webhook is acknowledged after a while", ("backend.queue",),
         ("backend.webhooks.queue",), wrap=_late)  # fmt: skip
register("counts_nothing", "there are no metrics", ("backend.observable",), ("backend.health",),
         wrap=_answers("GET", "/metrics", lambda _backend, _status, _body: (404, None)))  # fmt: skip
