"""Cassettes: recorded once, replayed anywhere. vcrpy intercepts, the store is ours."""

from harness.recording.cassette_file import Library, Shelf, read_cassette
from harness.recording.network import block_network
from harness.recording.player import Player
from harness.recording.recorder import Recorder
from harness.recording.switchboard import using
from harness.recording.writing import merge, write_cassette

__all__ = [
    "Library",
    "Player",
    "Recorder",
    "Shelf",
    "block_network",
    "merge",
    "read_cassette",
    "using",
    "write_cassette",
]
