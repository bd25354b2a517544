"""What tests of whole runs share."""

import pytest

from harness.emulator import EmulatorProcess, EmulatorSettings


@pytest.fixture(scope="module")
def emulator():
    """An emulator that outlives the runs against it."""
    process = EmulatorProcess.start(EmulatorSettings(rate_limit=0))
    try:
        yield process
    finally:
        process.stop()
