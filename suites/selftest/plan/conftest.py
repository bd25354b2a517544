"""What the tests of plans share: a running emulator and drives on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.contract import Contract, load_contract
from harness.core import SystemClock
from harness.drive import Drive, Session
from harness.drive.discovery import discover
from harness.drive.target import resolve_target
from harness.emulator.process import EmulatorProcess
from harness.emulator.settings import EmulatorSettings
from harness.plan import Case

ACCOUNTING = ("QUICKBOOKS", "XERO", "NETSUITE", "SAGE_INTACCT", "QUICKBOOKS_DESKTOP")
COMMERCE = ("SHOPIFY", "WOO_COMMERCE")


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The packaged contract."""
    return load_contract()


@pytest.fixture(scope="session")
def drive(contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Drive]]:
    """`drive(platform, resource)`: a drive on an emulator of its own."""
    process = EmulatorProcess.start(EmulatorSettings(port=0, rate_limit=0))
    target = resolve_target("emulator", environ=process.environment(), settings_file=Path("none.toml"))
    world = discover(target, (*ACCOUNTING, *COMMERCE), rate="off")
    session = Session(
        world,
        contract,
        requirements={},
        record=lambda _evidence: None,
        directory=tmp_path_factory.mktemp("drive"),
        worker="w0",
        redaction_key=b"key",
        clock=SystemClock(),
    )
    yield lambda platform, resource: session.drive(Case("writes.inputs", platform, resource))
    session.close()
    process.stop()
