"""One process of the backend: HTTP and its workers, until it is stopped."""

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import replace

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from harness.backend.assembly import Backend
from harness.backend.defects import chosen
from harness.backend.intake import Intake
from harness.backend.logs import Logged
from harness.backend.logs import begin as begin_logs
from harness.backend.outgoing import Outgoing
from harness.backend.pages import Pages
from harness.backend.settings import BackendSettings
from harness.backend.syncer import Poller, Syncer
from harness.backend.web import SHORT, WEBHOOKS, Endpoints, application
from harness.backend.worker import Worker
from harness.core import SystemClock
from harness.errors import UsageError


def serve(settings: BackendSettings, *, on_ready: Callable[[BackendSettings], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` is called with the port that was taken once it accepts."""
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
    begin_logs()
    backend = Backend.of(settings, SystemClock())
    defects = chosen(settings.defects)
    for defect in defects:
        backend = defect.spoil(backend)
    settings = backend.settings
    syncers = [Syncer(backend.wishes, backend.reader, idle=settings.idle_seconds) for _ in range(settings.syncers)]

    def wished() -> None:
        for syncer in syncers:
            syncer.wake()

    workers = [Worker(backend.inbox, idle=settings.idle_seconds, worked=wished) for _ in range(settings.workers)]

    def stored() -> None:
        for worker in workers:
            worker.wake()

    poller = Poller(
        backend.connections,
        backend.wishes,
        settings.mirrored,
        poll=settings.poll_seconds,
        reconcile=settings.reconcile_seconds,
        tidy=lambda: backend.inbox.forget(settings.keep_seconds),
    )
    threads: list[Worker | Syncer | Poller] = [*workers, *syncers, poller]
    intake = Intake(backend.inbox.keep, stored)
    pages = Pages(backend, wished)
    served: ASGIApp = application(Endpoints(backend, intake), pages, Outgoing(backend, wished))
    for defect in defects:
        served = defect.wrap(served, backend)
    server = Server(
        Logged(served, frozenset({WEBHOOKS, SHORT})),
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
    for thread in threads:
        thread.start()
    on_ready(settings)
    waiting = asyncio.ensure_future(stopped.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    await serving
    waiting.cancel()
    for thread in threads:
        thread.stop()
    intake.close()
    pages.close()
    backend.database.close()


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
