"""How an answer that is to break off leaves: as a body that is shorter than its head says, or not at all."""

import os
import socket
from contextlib import suppress
from typing import Any

from starlette.types import Scope, Send

from harness.emulator.messages import Answer

OPEN_FILES = "/dev/fd"


async def send_cut(answer: Answer, fraction: float, headers: dict[str, str], send: Send) -> None:
    """Head, a part of the body, and the end of the connection."""
    told = {"content-type": "application/json", **headers, "content-length": str(max(len(answer.content), 1))}
    head: Any = {"type": "http.response.start", "status": answer.status,
                 "headers": [(name.encode(), value.encode()) for name, value in told.items()]}  # fmt: skip
    await send(head)
    part = answer.content[: int(len(answer.content) * fraction)]
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def send_nothing(scope: Scope, send: Send) -> None:
    """The end of the connection. Where its socket cannot be found (no /dev/fd), a head without a body."""
    client = scope.get("client")
    if client is not None and _closed(int(client[1])):
        return
    await send_cut(Answer(200, b"{}"), 0, {"content-type": "application/json"}, send)


def _closed(port: int) -> bool:
    """Shut the connection of this process whose other end has that port."""
    with suppress(OSError):
        for name in os.listdir(OPEN_FILES):  # noqa: PTH208 - descriptors, not files
            if name.isdigit() and _is_to(int(name), port):
                return True
    return False


def _is_to(descriptor: int, port: int) -> bool:
    try:
        duplicate = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        return False
    with duplicate:
        try:
            peer = duplicate.getpeername()
        except OSError:
            return False
        if not isinstance(peer, tuple) or peer[1] != port:
            return False
        duplicate.shutdown(socket.SHUT_RDWR)
        return True
