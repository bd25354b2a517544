"""One process of the backend: HTTP and its workers, until it is stopped."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

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
from harness.backend.woken import Woken
from harness.backend.worker import Worker
from harness.core import SystemClock
from harness.serving import free_port, until_stopped


def serve(settings: BackendSettings, *, on_ready: Callable[[BackendSettings], None]) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` is called with the port that was taken once it accepts."""
    asyncio.run(_serve(with_port(settings), on_ready))


def with_port(settings: BackendSettings) -> BackendSettings:
    """The settings with a port that is free now; UsageError when the wanted one is taken."""
    return replace(settings, port=free_port(settings.host, settings.port))


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
    threads: list[Woken | Poller] = [*workers, *syncers, poller]
    intake = Intake(backend.inbox.keep, stored)
    pages = Pages(backend, wished)
    served: ASGIApp = application(Endpoints(backend, intake), pages, Outgoing(backend, wished))
    for defect in defects:
        served = defect.wrap(served, backend)

    def accepts() -> None:
        for thread in threads:
            thread.start()
        on_ready(settings)

    logged = Logged(served, frozenset({WEBHOOKS, SHORT}))
    await until_stopped(logged, settings.host, settings.port, on_ready=accepts)
    for thread in threads:
        thread.stop()
    intake.close()
    pages.close()
    backend.database.close()
