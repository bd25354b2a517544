"""The emulator: a stateful, contract-driven double of the API over real sockets."""

from harness.emulator.process import EmulatorProcess
from harness.emulator.server import base_url, export_lines, serve, with_port
from harness.emulator.settings import EmulatorSettings

__all__ = ["EmulatorProcess", "EmulatorSettings", "base_url", "export_lines", "serve", "with_port"]
