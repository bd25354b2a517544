"""Requests and answers on the wire: read from and written to ASGI directly, because every request passes here."""

from functools import lru_cache
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from harness.emulator.messages import Answer, Incoming


async def hear(scope: Scope, receive: Receive) -> Incoming:
    """The whole request. Of a header that comes twice the last one counts."""
    headers = {_name(name): value.decode("latin-1") for name, value in scope["headers"]}
    body = b""
    if scope["method"] != "GET":
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
    path = scope["path"]
    return Incoming(
        method=scope["method"],
        path=path,
        query=_pairs(scope["query_string"].decode("latin-1")),
        headers=headers,
        body=body,
        url=f"{scope['scheme']}://{headers.get('host', '')}{path}",
    )


async def say(send: Send, answer: Answer) -> None:
    """The whole answer; JSON unless a header says otherwise."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    if "content-type" not in answer.headers:
        headers.append((b"content-type", b"application/json"))
    headers.append((b"content-length", b"%d" % len(answer.content)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})


@lru_cache(maxsize=256)
def _name(raw: bytes) -> str:
    """The name of a header: clients send the same few."""
    return raw.decode("latin-1")


def _pairs(text: str) -> list[tuple[str, str]]:
    """The parameters in order; most queries hold nothing that must be decoded."""
    if "%" in text or "+" in text:
        return parse_qsl(text, keep_blank_values=True)
    pairs = [part.partition("=") for part in text.split("&") if part]
    return [(name, value) for name, _, value in pairs]
