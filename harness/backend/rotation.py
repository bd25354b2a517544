"""Rotating the vault's keys while backends go on serving.

First every process gets the new key in front of the old one: both open, the new one seals. Then this seals what is
stored anew. Then the old key can go.
"""

from harness.backend.assembly import Backend
from harness.backend.settings import BackendSettings
from harness.core import SystemClock


def rotate(settings: BackendSettings) -> int:
    """Seal every stored token with the first key; how many. HarnessError, and nothing changed, when one does not open
    with any key."""
    backend = Backend.of(settings, SystemClock())
    try:
        return backend.connections.reseal()
    finally:
        backend.database.close()
