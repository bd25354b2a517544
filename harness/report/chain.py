"""`evidence.ndjson`: all evidence of all workers in the order of time, each line chained to the one before it.

A line is `{"prev": <hash of the line before>, "hash": <sha256 of prev and of the rest of this line>, ...evidence}`. To
alter, drop or reorder a line without being seen, every later line would have to be rewritten; the last hash is printed
in the report.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness.errors import StorageError

FIRST = "0" * 64
"""`prev` of the first line."""


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
    previous = FIRST
    count = 0
    for count, line in enumerate(_lines(path), start=1):
        head = f'{{"prev":"{previous}","hash":"'.encode()
        digest = line[len(head) : len(head) + 64].decode("ascii", "replace")
        rest = b"{" + line[len(head) + 64 + 2 :].rstrip(b"\n")
        if not line.startswith(head) or link(previous, rest) != digest:
            raise StorageError(
                f"{path}:{count}: the chain of evidence breaks here: a line was altered, added or removed"
            )
        previous = digest
    return count


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
