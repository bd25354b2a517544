"""One process of the backend: HTTP and its workers, until it is stopped."""

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import replace

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from harness.backend.database import Database
from harness.backend.inbox import Inbox
from harness.backend.intake import Intake
from harness.backend.settings import BackendSettings
from harness.backend.vault import Vault
from harness.backend.web import Endpoints, application
from harness.backend.worker import Worker
from harness.core import Clock, SystemClock
from harness.errors import UsageError


def inbox_of(settings: BackendSettings, database: Database, clock: Clock) -> Inbox:
    """The inbox of a database with the times of the settings."""
    return Inbox(database, clock, window=settings.repeat_window, lease=settings.lease_seconds,
                 attempts=settings.attempts, retry=settings.retry_seconds)  # fmt: skip


def serve(settings: BackendSettings, *, on_ready: Callable[[BackendSettings], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` is called with the port that was taken once it accepts."""
    Vault(settings.vault_keys)  # a key that cannot be used must be told now, not at the first token
    asyncio.run(_serve(with_port(settings), on_ready))


def with_port(settings: BackendSettings) -> BackendSettings:
    """The settings with a port that is free now; UsageError when the wanted one is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another --port, or 0"
            ) from error
        return replace(settings, port=probe.getsockname()[1])


async def _serve(settings: BackendSettings, on_ready: Callable[[BackendSettings], None]) -> None:
    database = Database(settings.database)
    inbox = inbox_of(settings, database, SystemClock())
    workers = [Worker(inbox, idle=settings.idle_seconds) for _ in range(settings.workers)]

    def stored() -> None:
        for worker in workers:
            worker.wake()

    intake = Intake(inbox.keep, stored)
    server = Server(
        application(Endpoints(settings, inbox, intake)),
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    serving = asyncio.ensure_future(server.serve())
    await _accepting(settings, serving)
    for worker in workers:
        worker.start()
    on_ready(settings)
    waiting = asyncio.ensure_future(stopped.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    await serving
    waiting.cancel()
    for worker in workers:
        worker.stop()
    intake.close()
    database.close()


async def _accepting(settings: BackendSettings, serving: "asyncio.Future[None]") -> None:
    """Return once the socket accepts; raise what ended the server otherwise."""
    while True:
        if serving.done():
            serving.result()
            raise UsageError(f"the backend could not listen on {settings.host}:{settings.port}")
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except OSError:
            await asyncio.wait({serving}, timeout=0.01)
            continue
        writer.close()
        await writer.wait_closed()
        return
