"""Who takes part in a load test that runs on this machine: an emulator, and beside it the reference backend."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.backend import BackendProcess, BackendSettings
from harness.backend.vault import new_key
from harness.core import Secret
from harness.drive import resolve_target
from harness.drive.discovery import fetch_connections
from harness.drive.target import TOKEN_PREFIX
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.errors import HarnessError
from harness.plan.rollout import Rollout
from harness.rollout.asking import ask
from harness.rollout.demand import Limit, limit_of, parted
from harness.rollout.emulated import Emulated

REFERENCE = "reference"
"""What `--backend` names instead of a URL: the reference backend, started for the test."""
QUIET = 0.5
"""Seconds without a request of the reference backend after which its first reading is over."""
READY_WITHIN = 60.0
"""Seconds for the reference backend to read what its connections have."""


@dataclass(frozen=True)
class Parts:
    """The environment that leads to the target, and the address of the backend that takes part."""

    environ: Mapping[str, str]
    backend: str | None


def reference_version() -> str:
    """The version of the reference backend, for the ledger."""
    return f"{REFERENCE} {version('golive')}"


@contextmanager
def emulated_parts(plan: Rollout, settings: EmulatorSettings, backend: str | None) -> Iterator[Parts]:
    """An emulator for as long as the block lasts; with `reference` also that backend, linked to a connection of each
    platform and done with its first reading."""
    limit = limit_of(plan)
    emulator = EmulatorProcess.start(settings)
    try:
        environ = {**os.environ, **emulator.environment()}
        if backend != REFERENCE:
            yield Parts(environ, backend)
            return
        with TemporaryDirectory(prefix="golive-rollout-") as folder:
            alone = _reference(environ, limit, Path(folder))
            process = BackendProcess.start(alone)
            try:
                tokens = _link(Emulated(emulator.base_url), environ, process.url, plan)
                process.stop()
                # From here on the load has its part of the organisation's limit.
                share = parted(plan, with_backend=True).backend
                process = BackendProcess.start(replace(alone, rate=_rate(limit, share)))
                yield Parts({**environ, **tokens}, process.url)
            finally:
                process.stop()
    finally:
        emulator.stop()


def _reference(environ: Mapping[str, str], limit: Limit, folder: Path) -> BackendSettings:
    """Settings of the reference backend while nothing else uses the organisation's limit."""
    return BackendSettings(
        base_url=environ["RUTTER_BASE_URL"],
        client_id=environ["RUTTER_CLIENT_ID"],
        client_secret=Secret(environ["RUTTER_CLIENT_SECRET"]),
        vault_keys=(Secret(new_key()),),
        database=f"sqlite:///{folder / 'backend.sqlite3'}",
        rate=_rate(limit, 0.95),
        not_ready_seconds=0.2,
        idle_seconds=0.05,
    )


def _rate(limit: Limit, share: float) -> str:
    return f"{max(1, int(limit.requests * share))}/{limit.window:g}s"


def _link(emulated: Emulated, environ: Mapping[str, str], url: str, plan: Rollout) -> dict[str, str]:
    """Connect every platform through the backend, wait until it has read what is there and the pace of the load would
    have allowed that; the variables of the tokens."""
    began, linked = time.monotonic(), {}
    for platform in plan.platforms:
        token = emulated.link(platform)
        made = ask(f"{url}/link/exchange", method="POST", body={"public_token": token}, patience=READY_WITHIN)
        linked[str(made["connection_id"])] = platform
    requests = _first_reading(emulated, url)
    time.sleep(max(0.0, began + requests / parted(plan, with_backend=True).pace - time.monotonic()))
    target = resolve_target("emulator", environ=environ, settings_file=Path("golive.toml"))
    return {
        TOKEN_PREFIX + linked[str(item.id)]: item.access_token.reveal()
        for item in fetch_connections(target)
        if item.id in linked
    }


def _first_reading(emulated: Emulated, url: str) -> int:
    """Return once every connection is healthy and nothing is read any more: how many requests that took."""
    deadline, requests = time.monotonic() + READY_WITHIN, 0
    while time.monotonic() < deadline:
        healthy = all(item["state"] == "healthy" for item in ask(f"{url}/connections")["connections"])
        arrived = sum((emulated.arrivals() or {}).values())
        requests += arrived
        if healthy and not arrived:
            return requests
        time.sleep(QUIET)
    raise HarnessError(f"the reference backend did not read its connections within {READY_WITHIN:g} s")
