"""The reference backend: what a careful customer would write. It never knows that it talks to a double.

Webhooks are verified over their raw bytes, stored durably before they are acknowledged, and worked off by workers that
may be killed at any time: an event and its effect commit together. Tokens are encrypted and never leave the server.
"""

from harness.backend.process import BackendProcess
from harness.backend.settings import BackendSettings

__all__ = ["BackendProcess", "BackendSettings"]
