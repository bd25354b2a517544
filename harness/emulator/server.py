"""Serving an emulator over a real socket until it is stopped."""

import asyncio
import gc
import shlex
import signal
import socket
from collections.abc import Callable
from dataclasses import replace

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from harness.emulator.address import base_url
from harness.emulator.credentials import environment
from harness.emulator.seeding import Progress, unseen
from harness.emulator.settings import EmulatorSettings
from harness.emulator.web import application
from harness.errors import UsageError


def export_lines(settings: EmulatorSettings) -> list[str]:
    """`export RUTTER_...=...` lines that point a shell at the emulator, values quoted as a shell needs it."""
    return [f"export {name}={shlex.quote(value)}" for name, value in environment(settings, base_url(settings)).items()]


def with_port(settings: EmulatorSettings) -> EmulatorSettings:
    """The settings with a port that is free now; UsageError when the wanted one is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another --port, or 0"
            ) from error
        return replace(settings, port=probe.getsockname()[1])


def serve(
    settings: EmulatorSettings, *, on_ready: Callable[[EmulatorSettings], None], progress: Progress = unseen
) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready` is called once the socket accepts, with the port that was taken;
    `progress` while lists grow before that: outside of the loop, where each transaction has a commit of its own."""
    import uvloop

    if settings.port == 0:
        settings = with_port(settings)
    served = application(settings, base_url(settings), progress)
    gc.freeze()  # what the contract and the books hold stays: the collector need not walk it again and again
    uvloop.run(_serve(settings, served, on_ready))


async def _serve(settings: EmulatorSettings, served: ASGIApp, on_ready: Callable[[EmulatorSettings], None]) -> None:
    server = Server(
        served,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    serving = asyncio.ensure_future(server.serve())
    await _accepting(settings, serving)
    on_ready(settings)
    waiting = asyncio.ensure_future(stopped.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    await serving
    waiting.cancel()


async def _accepting(settings: EmulatorSettings, serving: "asyncio.Future[None]") -> None:
    """Return once the socket accepts a connection; raise what ended the server otherwise."""
    while True:
        if serving.done():
            serving.result()
            raise UsageError(f"the emulator could not listen on {settings.host}:{settings.port}")
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except OSError:
            await asyncio.wait({serving}, timeout=0.01)
            continue
        writer.close()
        await writer.wait_closed()
        return
