"""`evidence.ndjson`: all evidence of all workers in the order of time, each line chained to the one before it.

A line is `{"prev": <hash of the line before>, "hash": <sha256 of prev and of the rest of this line>, ...evidence}`. To
alter, drop or reorder a line without being seen, every later line would have to be rewritten; the last hash is printed
in the report.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import StorageError

FIRST = "0" * 64
"""`prev` of the first line."""

HEAD = len(f'{{"prev":"{FIRST}","hash":"{FIRST}",')
"""Bytes that the links take at the start of a line."""


def link(previous: str, rest: bytes) -> str:
    """The hash of a line: over the hash before it and the JSON text of the evidence itself."""
    return hashlib.sha256(previous.encode() + b"\n" + rest).hexdigest()


class Chain:
    """Adds links to lines. `last` is the hash of the last line, `FIRST` when there was none."""

    def __init__(self) -> None:
        self.last = FIRST

    def line(self, raw: bytes) -> bytes:
        """The chained form of one JSON object on one line (with or without its newline)."""
        rest = raw.rstrip(b"\n")
        digest = link(self.last, rest)
        head = f'{{"prev":"{self.last}","hash":"{digest}",'.encode()
        self.last = digest
        return head + rest[1:] + b"\n"


def verify(path: Path) -> int:
    """Check the chain of a file; return the number of lines. StorageError names the first line that does not hold."""
    return walk(path).lines


@dataclass(frozen=True, slots=True)
class Links:
    """A chain that holds: how many lines, and the hash of the last one."""

    lines: int
    last_hash: str


def walk(path: Path) -> Links:
    """`verify`, with the hash of the last line. A chain alone cannot tell that its end is missing: compare both with
    what the report recorded."""
    chain = Chain()
    count = 0
    for count, line in enumerate(_lines(path), start=1):
        # The line is made again from its own content and held against itself byte by byte.
        if line != chain.line(bare(line)):
            raise StorageError(
                f"{path}:{count}: the chain of evidence breaks here: a line was altered, added, removed or moved"
            )
    return Links(count, chain.last)


def bare(line: bytes) -> bytes:
    """A line as the worker wrote it: without its links and its newline."""
    return b"{" + line[HEAD:].rstrip(b"\n")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
