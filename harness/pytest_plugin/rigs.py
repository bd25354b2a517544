"""The backend of a run and its world: golive's own, started for the run, or the user's, which runs already."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.adapter import Rig, RigAddress
from harness.core import Clock, Secret
from harness.errors import CredentialError
from harness.plan.backend import BackendPlan

POLL = 3.0
"""Seconds between two polls of the reference, so that a run need not wait for a quarter of an hour."""


@dataclass
class OpenRig:
    """A rig with what must be closed after it."""

    rig: Rig
    stack: ExitStack

    def close(self) -> None:
        """Take back what was set up, then stop what was started."""
        with self.stack:
            self.rig.close()


def open_rig(plan: BackendPlan, clock: Clock, defects: tuple[str, ...]) -> OpenRig:
    """Start or find backend and world. CredentialError or HarnessError when that cannot be."""
    with ExitStack() as stack:
        address = _reference(plan, stack, defects) if plan.is_reference else _given(plan)
        return OpenRig(Rig(plan, address, clock), stack.pop_all())


def _given(plan: BackendPlan) -> RigAddress:
    """The user's own backend and the emulator that it talks to."""
    found = {name: os.environ.get(name, "") for name in ("RUTTER_CLIENT_ID", "RUTTER_CLIENT_SECRET")}
    for name, value in found.items():
        if not value:
            raise CredentialError(
                f"{name} is not set. The world of your backend prints it: take the export lines of golive emulator"
            )
    secret = Secret(found["RUTTER_CLIENT_SECRET"])
    return RigAddress(str(plan.url), str(plan.world), found["RUTTER_CLIENT_ID"], secret)


def _reference(plan: BackendPlan, stack: ExitStack, defects: tuple[str, ...]) -> RigAddress:
    # Only the worker that proves a backend starts one: these imports cost a second.
    from harness.backend import BackendProcess, BackendSettings
    from harness.backend.vault import new_key
    from harness.emulator import EmulatorProcess, EmulatorSettings

    folder = Path(stack.enter_context(TemporaryDirectory(prefix="golive-rig-")))
    emulator = EmulatorProcess.start(
        EmulatorSettings(rate_limit=0, connections=(), linked_books="seeded", initial_batch_seconds=0.05,
                         backfill_seconds=0.5, public_token_reuse=False)
    )  # fmt: skip
    stack.callback(emulator.stop)
    environment = emulator.environment()
    key = Secret(new_key())
    backend = BackendProcess.start(
        BackendSettings(
            base_url=emulator.base_url, client_id=environment["RUTTER_CLIENT_ID"],
            client_secret=Secret(environment["RUTTER_CLIENT_SECRET"]), vault_keys=(key,),
            database=f"sqlite:///{folder / 'backend.sqlite3'}", rate="off", idle_seconds=0.1, poll_seconds=POLL,
            not_ready_seconds=0.2, defects=defects, resources=tuple(plan.data.resources) if plan.data else (),
        ),
        folder / "backend.log",
    )  # fmt: skip
    stack.callback(backend.stop)
    return RigAddress(
        backend.url, emulator.base_url.removesuffix("/versioned"), environment["RUTTER_CLIENT_ID"],
        Secret(environment["RUTTER_CLIENT_SECRET"]), (str(folder / "*"),), (("secret", key),),
    )  # fmt: skip
