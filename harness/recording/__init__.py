"""Cassettes: recorded once, replayed anywhere. vcrpy intercepts, the store is ours."""

from contextlib import AbstractContextManager
from typing import Any

from harness.recording.cassette_file import Library, Shelf, read_cassette
from harness.recording.network import block_network
from harness.recording.player import Player
from harness.recording.recorder import Recorder
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


def using(deck: Any) -> AbstractContextManager[None]:
    """`harness.recording.switchboard.using`. vcrpy is imported by those who record or replay: others start sooner."""
    from harness.recording.switchboard import using as entered

    return entered(deck)
