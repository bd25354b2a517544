"""What every process of a run needs to know of the target: resolved and checked once, in the controlling process."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core import Redactor
from harness.drive import Target, World, discover, resolve_target
from harness.errors import GoliveError
from harness.pytest_plugin.cassettes import recorded_world
from harness.pytest_plugin.logs import redacted_logs
from harness.pytest_plugin.settings import RunSettings

if TYPE_CHECKING:
    from harness.emulator import EmulatorProcess


@dataclass
class OpenWorld:
    """The world of a run with what must be closed after it: the emulator that was started for it."""

    world: World
    emulator: "EmulatorProcess | None"

    def close(self) -> None:
        """Stop the emulator, when this run started one."""
        if self.emulator is not None:
            self.emulator.stop()


def open_world(settings: RunSettings, platforms: tuple[str, ...]) -> OpenWorld:
    """Start the emulator when it is the target; find the connections; raise the one clear error otherwise."""
    if settings.mode == "replay":
        return OpenWorld(recorded_world(settings), None)
    emulator = _start(settings) if settings.target == "emulator" else None
    try:
        target = _target(settings, emulator)
        known = [("client_id", target.credentials.client_id), ("client_secret", target.credentials.client_secret)]
        known += [("access_token", token) for token in target.tokens.values()]
        redactor = Redactor(secrets.token_bytes(16), ((kind, secret.reveal()) for kind, secret in known))
        with redacted_logs(redactor.text):
            return OpenWorld(discover(target, platforms, rate=settings.rate), emulator)
    except GoliveError:
        if emulator is not None:
            emulator.stop()
        raise


def _start(settings: RunSettings) -> "EmulatorProcess":
    # Only the controlling process starts one; importing its server and database costs each worker a quarter second.
    from harness.emulator import EmulatorProcess, EmulatorSettings

    own = EmulatorSettings(rate_limit=0, defects=settings.defects)
    return EmulatorProcess.start(own.with_options(settings.emulator))


def _target(settings: RunSettings, emulator: "EmulatorProcess | None") -> Target:
    environment = dict(os.environ) if emulator is None else emulator.environment()
    return resolve_target(settings.target, environ=environment, settings_file=Path(settings.settings_file))
