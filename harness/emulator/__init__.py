"""The emulator: a stateful, contract-driven double of the API over real sockets.

Most who import this start one in a process of its own; `server`, which serves one in this process, is imported by who
needs it: it costs half a second of server and database libraries.
"""

from harness.emulator.address import base_url
from harness.emulator.process import EmulatorProcess
from harness.emulator.settings import EmulatorSettings

__all__ = ["EmulatorProcess", "EmulatorSettings", "base_url"]
