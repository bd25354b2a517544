"""One ASGI application on one socket of this process, until it is told to stop. Emulator and backend are served so."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import TextIO

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from harness.errors import UsageError

LOOK_AGAIN = 0.01
"""Seconds between two looks whether the socket accepts: the server does not tell."""


def end_with(owner: TextIO) -> None:
    """End this process as SIGTERM does once `owner`, a pipe whose other end the starting process keeps open, is closed:
    also when that process was killed and could end nothing itself."""

    def wait() -> None:
        # Not through the file object: its lock would be held when the interpreter ends.
        while os.read(owner.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="owner", daemon=True).start()


def free_port(host: str, port: int) -> int:
    """`port` when it can be taken now, or any free one for 0; UsageError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {host}:{port}: {error.strerror}. Choose another --port, or 0"
            ) from error
        return int(probe.getsockname()[1])


async def until_stopped(app: ASGIApp, host: str, port: int, *, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready` is called once the socket accepts; UsageError when it never does."""
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    serving = asyncio.ensure_future(server.serve())
    await _accepting(host, port, serving)
    on_ready()
    waiting = asyncio.ensure_future(stopped.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    await serving
    waiting.cancel()


async def _accepting(host: str, port: int, serving: "asyncio.Future[None]") -> None:
    """Return once the socket accepts a connection; raise what ended the server otherwise."""
    while True:
        if serving.done():
            serving.result()
            raise UsageError(f"could not listen on {host}:{port}")
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.wait({serving}, timeout=LOOK_AGAIN)
            continue
        writer.close()
        await writer.wait_closed()
        return
