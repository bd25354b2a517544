"""What a case does to a target: finds connections, fills in inputs, sends, records evidence, journals, cleans up."""

from harness.drive.connection import Connection
from harness.drive.discovery import discover
from harness.drive.drive import OWN, UNSET, Drive, Inconclusive
from harness.drive.results import First, Walk, Write
from harness.drive.session import Session
from harness.drive.target import Target, resolve_target, separate_credentials
from harness.drive.world import World

__all__ = [
    "OWN",
    "UNSET",
    "Connection",
    "Drive",
    "First",
    "Inconclusive",
    "Session",
    "Target",
    "Walk",
    "World",
    "Write",
    "discover",
    "resolve_target",
    "separate_credentials",
]
