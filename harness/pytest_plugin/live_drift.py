"""Cassettes beside the target of today: the recorded reads once more, compared by shape."""

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from harness.contract import load_contract
from harness.core import SystemClock
from harness.drive import Drive, Session, Target, discover
from harness.errors import UsageError
from harness.plan.case import Case
from harness.recording import Library, Shelf
from harness.recording.drift import Drifted
from harness.recording.interaction import Asked
from harness.recording.shapes import KINDS, Ignore, Shape, changes

NOT_SENT = frozenset({"access_token", "cursor"})
READS = "list"
"""The first part of the chapters that read a whole list. They write nothing and are the same in every run."""


@dataclass(frozen=True, slots=True)
class Read:
    """A recorded reading of a list: cassette and chapter, its first request, the shape of all its pages."""

    where: str
    platform: str
    request: Asked
    shape: Shape


def ignore_of(text: str) -> Ignore:
    """`KIND:PATH` as an Ignore; UsageError when it is none."""
    kind, colon, pattern = text.partition(":")
    if not colon or not pattern or kind not in {*KINDS, "*"}:
        raise UsageError(f'--ignore "{text}" is not of the form KIND:PATH, where KIND is {", ".join(KINDS)} or *')
    return Ignore(kind, pattern)


def live_drift(folder: Path, target: Target, ignored: Sequence[Ignore] = ()) -> Iterator[Drifted]:
    """How the recorded lists differ by shape from what the target answers now. Only GETs are sent, one page each."""
    shelf = Shelf(folder)
    lists: dict[tuple[str, str], Read] = {}
    for read in (read for path in shelf.files() for read in _lists(shelf.open(path))):
        lists.setdefault((read.platform, read.request.uri), read)  # many groups read the same list: it is asked once
    platforms = tuple(dict.fromkeys(read.platform for read in lists.values()))
    with tempfile.TemporaryDirectory(prefix="golive-drift-") as scratch:
        session = Session(
            discover(target, platforms),
            load_contract(),
            requirements={},
            record=lambda _evidence: None,
            directory=Path(scratch),
            worker="drift",
            redaction_key=secrets.token_bytes(16),
            clock=SystemClock(),
        )
        try:
            for read in lists.values():
                yield from _compared(session, read, ignored)
        finally:
            session.close()


def _compared(session: Session, read: Read, ignored: Sequence[Ignore]) -> Iterator[Drifted]:
    where, platform = read.where, read.platform
    if platform in session.world.problems or platform not in session.world.connections:
        yield Drifted("live", where, f"the target has no {platform} connection that can be read", fails=False)
        return
    path, _, query = read.request.uri.partition("?")
    asked = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in NOT_SENT]
    answer = Drive(session, Case("drift.live", platform, None), platform).send("GET", path, query=asked)
    if not answer.ok:
        told = "a body that is no JSON object" if answer.status == 200 else answer.status or answer.problem
        yield Drifted("live", where, f"GET {path} is answered with {told}")
        return
    now = Shape()
    now.note(answer.body)
    for place in sorted(path for path in read.shape.holders if path.endswith("[]") and path.count("[]") == 1):
        if place.removesuffix("[]") in now.types and place not in now.types:
            told = f"GET {path}: {place.removesuffix('[]')} has no rows now, so that their fields cannot be compared"
            yield Drifted("live", where, told, fails=False)
    for kind, told, breaks in changes(read.shape, now, ignored):
        yield Drifted(f"live {kind}", where, f"GET {path}: {told}", breaks)


def _lists(library: Library) -> Iterator[Read]:
    """Each list that was read whole."""
    for chapter, places in library.chapters.items():
        items = [library.interaction(chapter, place) for place in places]
        parts = chapter.split("/")
        if parts[0] != READS or any(item.answered.status != 200 for item in items):
            continue
        shape = Shape()
        bodies: list[Any] = [item.answered.body for item in items]
        for body in bodies:
            shape.note(body)
        yield Read(f"{library.path}: {chapter}", parts[1], items[0].asked, shape)
