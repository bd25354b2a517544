"""A run that records, or that is played from cassettes: its script, its deck, and for an own emulator a world a group.

Each group is recorded against an emulator of its own, freshly seeded and with a clock that stands: what a group hears
then depends neither on the number of workers nor on what other groups wrote.
"""

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core import CaseOutcome, SeededScript, Strength, SystemClock
from harness.drive import Session, World
from harness.errors import StorageError
from harness.pytest_plugin.settings import RunSettings
from harness.recording import Player, Recorder, Shelf, block_network, using
from harness.recording.cassette_file import SHARED, SUFFIX, read_cassette
from harness.recording.drift import UNPLAYED
from harness.recording.recorder import JOURNAL
from harness.report.ledger import read_cases

if TYPE_CHECKING:
    from harness.emulator import EmulatorProcess

HEADER = "cassette.json"
MOST_TOLD = 3
"""Damaged files that are named."""

END = re.compile(r"# end \d+ [0-9a-f]{12}")
LONGEST_END = 64
"""Bytes at the end of a file within which its last line begins."""

STANDING = datetime(2025, 7, 1, 12, tzinfo=UTC)
"""Where the clock of an own emulator stands while it is recorded: a day after its books were last synced."""

AHEAD = timedelta(hours=1)
"""How far the run's clock is ahead of the start: nothing that is made while recording lies in its future."""

EMULATED = "http://cassette.invalid/versioned"


class StandingClock(SystemClock):
    """Tells one instant; waits are real while recording and take no time in a replay."""

    def __init__(self, instant: datetime, *, waits: bool) -> None:
        self._instant, self._waits = instant, waits

    def now(self) -> datetime:
        """The instant."""
        return self._instant

    def sleep(self, seconds: float) -> None:
        """Wait, or not."""
        if self._waits:
            super().sleep(seconds)


class Cassettes:
    """One per worker of such a run."""

    def __init__(self, settings: RunSettings, world: World, worker: str) -> None:
        self.settings, self.worker = settings, worker
        self.replays = settings.mode == "replay"
        self._owns = settings.target == "emulator" and not self.replays
        instant = datetime.fromisoformat(str(settings.clock)) if settings.clock else STANDING + AHEAD
        clock = StandingClock(instant, waits=not self.replays)
        self.script = SeededScript(settings.seed, clock, self._turn)
        self.world = world
        self._stack = ExitStack()
        self._deck: Recorder | Player | None = None
        self._session: Session | None = None
        self._emulator: EmulatorProcess | None = None
        self._place = "", ""

    def attach(self, session: Session) -> None:
        """Stand between the session's client and the network from now on."""
        self._session = session
        base = self.world.target.base_url
        if self.replays:
            self._deck = player = Player(Shelf(Path(self.settings.cassettes)).group, session.redactor, base)
            block_network(lambda: self._doing(player))
        else:
            journal = self.settings.directory / "workers" / self.worker / JOURNAL
            self._deck = Recorder(journal, session.redactor, base)
        self._stack.callback(self._deck.close)
        self._stack.enter_context(using(self._deck))

    def close(self) -> None:
        """Let go of the network, the journal and the emulator; write down what was not played."""
        if isinstance(self._deck, Player) and (left := list(self._deck.unplayed())):
            self.settings.directory.joinpath("workers", self.worker, UNPLAYED).write_text(json.dumps(left), "utf-8")
        self._stack.close()
        if self._emulator is not None:
            self._emulator.stop()

    def _doing(self, player: Player) -> str:
        _, chapter = self._place
        asked = f", after {player.last}" if player.last else ", before its first request"
        return f"{chapter}{asked}" if chapter else "no case"

    def pause(self) -> None:
        """What follows (cleanup) belongs to no case and is not kept."""
        if self._deck is not None:
            self._deck.turn("", "")

    def _turn(self, group: str, chapter: str) -> None:
        if self._owns and group != self._place[0]:
            self._renew()
        self._place = group, chapter
        if self._deck is not None:
            self._deck.turn(group, chapter)

    def _renew(self) -> None:
        """A fresh emulator for the next group."""
        from harness.emulator import EmulatorProcess, EmulatorSettings

        if self._emulator is not None:
            self._emulator.stop()
        own = EmulatorSettings(rate_limit=0, async_delay=0.0, frozen_at=STANDING, defects=self.settings.defects)
        self._emulator = EmulatorProcess.start(own.with_options(self.settings.emulator))
        if self._session is not None and isinstance(self._deck, Recorder):
            self._session.client.base_url = self._deck.base_url = self._emulator.base_url


def redaction_key(settings: RunSettings, world: World) -> bytes:
    """The key of a run's fingerprints. A recording takes it from the organisation's secret: the same organisation has
    the same fingerprints in every recording, and without the secret nobody can test a guess."""
    if settings.mode != "record":
        return bytes.fromhex(settings.redaction_key)
    return sha256(b"golive cassettes:" + world.target.credentials.client_secret.reveal().encode()).digest()


def told_by(directory: Path) -> dict[str, Any]:
    """What the cases of a run said: how many there were, and of each that did not pass its outcome and findings."""
    cases = sorted(read_cases(directory), key=lambda case: case.id)
    odd = {
        case.id: [str(case.outcome), *sorted(f"{item.check} at {item.field}: {item.seen}" for item in case.findings)]
        for case in cases
        if case.outcome is not CaseOutcome.PASSED
    }
    return {"cases": len(cases), "requests": sum(case.requests for case in cases), "odd": odd}


def header_of(folder: Path) -> Mapping[str, Any]:
    """What a cassette folder says of itself; StorageError when it is none, was altered, or holds files that were not
    recorded with it. Whether its files are there and whole is for `checked` to say."""
    try:
        found: Mapping[str, Any] = json.loads((folder / HEADER).read_bytes())
    except FileNotFoundError as error:
        raise StorageError(f"{folder / HEADER}: nothing is recorded there. Record it: golive record") from error
    except NotADirectoryError as error:
        raise StorageError(f"{folder} is a file, and not a cassette folder: name the folder with {HEADER}") from error
    except OSError as error:
        raise StorageError(f"{folder / HEADER}: cannot be read: {error.strerror or error}") from error
    except json.JSONDecodeError as error:
        why = f"{error.lineno}: it is damaged: {error.msg}"
        raise StorageError(f"{folder / HEADER}:{why}. Record all again: golive record") from error
    except ValueError as error:
        raise StorageError(f"{folder / HEADER}:1: it is no text: {error}. Record all again: golive record") from error
    if not isinstance(found, dict) or found.get("seal") != seal_of(found):
        raise StorageError(f"{folder / HEADER}:1: it was altered after it was recorded. Record it again: golive record")
    for name, end in ends(folder).items():
        if END.fullmatch(end) and end != found["files"].get(name):
            raise StorageError(f"{folder / name}: it was not recorded with the others of this folder. "
                               "Record all again: golive record")  # fmt: skip
    return found


def seal_of(header: Mapping[str, Any]) -> str:
    """The seal of a folder's header: over all that it says."""
    said = {name: value for name, value in header.items() if name != "seal"}
    return blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=6).hexdigest()


def ends(folder: Path) -> dict[str, str]:
    """The last line of each file of a folder, by its name there: how many interactions, and the seal over all."""
    files = sorted([*folder.glob(f"*/*{SUFFIX}"), *folder.glob(f"*/{SHARED}")])
    return {file.relative_to(folder).as_posix(): _last_line(file) for file in files if file.is_file()}


def _last_line(file: Path) -> str:
    with file.open("rb") as text:
        text.seek(max(0, file.stat().st_size - LONGEST_END))
        return text.read().rstrip(b"\n").rpartition(b"\n")[2].decode("utf-8", "replace")


def checked(folder: Path) -> Mapping[str, Any]:
    """What a cassette folder says of itself, when each of its files is there and whole; StorageError names those that
    are not, with the line, before anything is played."""
    header, wrong = header_of(folder), []
    for name in header["files"]:
        try:
            read_cassette(folder / name)
        except StorageError as error:
            wrong.append(str(error))
    if wrong:
        more = f" And {len(wrong) - MOST_TOLD} more files." if len(wrong) > MOST_TOLD else ""
        raise StorageError("; ".join(wrong[:MOST_TOLD]) + more)
    return header


def recorded_world(settings: RunSettings) -> World:
    """The world of a replay: fingerprints instead of credentials, and no network. StorageError when a file of it is
    missing or damaged."""
    world = World.from_json(json.dumps(checked(Path(settings.cassettes))["world"]))
    live = world.target.strength is Strength.LIVE
    return replace(
        world, target=replace(world.target, strength=Strength.RECORDED if live else world.target.strength), rate="off"
    )
