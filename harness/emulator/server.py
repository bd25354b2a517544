"""Serving an emulator over a real socket until it is stopped."""

import gc
import shlex
from collections.abc import Callable
from dataclasses import replace

from harness.emulator.address import base_url
from harness.emulator.credentials import environment
from harness.emulator.seeding import Progress, unseen
from harness.emulator.settings import EmulatorSettings
from harness.emulator.web import application
from harness.serving import free_port, until_stopped


def export_lines(settings: EmulatorSettings) -> list[str]:
    """`export RUTTER_...=...` lines that point a shell at the emulator, values quoted as a shell needs it."""
    return [f"export {name}={shlex.quote(value)}" for name, value in environment(settings, base_url(settings)).items()]


def with_port(settings: EmulatorSettings) -> EmulatorSettings:
    """The settings with a port that is free now; UsageError when the wanted one is taken."""
    return replace(settings, port=free_port(settings.host, settings.port))


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
    uvloop.run(until_stopped(served, settings.host, settings.port, on_ready=lambda: on_ready(settings)))
