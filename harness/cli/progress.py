"""How far a run is: a live bar on a terminal, a plain line now and then elsewhere."""

from collections.abc import Mapping
from time import monotonic
from typing import Any, Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

STEP = 10
"""Percent between two plain lines."""

QUIET = 3.0
"""Seconds that a plain line waits after the one before it; the last one does not wait."""

PHASES: Mapping[str, str] = {
    "collect": "reading plans",
    "target": "reaching the target",
    "prove": "proving",
    "cleanup": "cleaning up",
    "report": "writing the report",
}


class Display(Protocol):
    """What the progress of a run is told to."""

    def event(self, event: Mapping[str, Any]) -> None:
        """One event of the run."""

    def say(self, text: str) -> None:
        """A message to the person, such as that the run is stopping."""

    def close(self) -> None:
        """The run has ended."""


class Tally:
    """Counts cases as they end. `bad` counts those whose test failed: findings that vote, or errors."""

    def __init__(self) -> None:
        self.total = 0
        self.done = 0
        self.bad = 0

    def count(self, event: Mapping[str, Any]) -> None:
        """Take one event into account."""
        if event["event"] == "collected":
            self.total = int(event["cases"])
        elif event["event"] == "case":
            self.done += 1
            self.bad += event.get("outcome") == "failed"

    @property
    def percent(self) -> int:
        """Of all cases, rounded down."""
        return 100 * self.done // self.total if self.total else 0


class PlainDisplay:
    """One line per ten percent, at most one every few seconds; nothing that a log could not hold."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._told_percent = 0
        self._told_at = float("-inf")

    def event(self, event: Mapping[str, Any]) -> None:
        """One event of the run."""
        self._tally.count(event)
        if event["event"] == "phase":
            self.say(PHASES.get(str(event.get("name")), str(event.get("name"))))
        elif event["event"] == "collected":
            self.say(f"{self._tally.total:,} cases")
        elif event["event"] == "case":
            self._case()

    def say(self, text: str) -> None:
        """One line on standard error."""
        click.echo(f"golive: {text}", err=True)

    def close(self) -> None:
        """Nothing stays open."""

    def _case(self) -> None:
        tally, now = self._tally, monotonic()
        last = tally.done == tally.total
        due = tally.percent // STEP > self._told_percent // STEP and now - self._told_at >= QUIET
        if not (due or last):
            return
        self._told_percent, self._told_at = tally.percent, now
        bad = f", {tally.bad:,} with findings or errors" if tally.bad else ""
        self.say(f"{tally.percent:>3} %  {tally.done:,} of {tally.total:,} cases{bad}")


class LiveDisplay:
    """A bar that moves, on standard error."""

    def __init__(self, console: Console) -> None:
        self._tally = Tally()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[bad]}", style="red"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None, bad="")
        self._progress.start()

    def event(self, event: Mapping[str, Any]) -> None:
        """One event of the run."""
        self._tally.count(event)
        if event["event"] == "phase":
            name = str(event.get("name"))
            self._progress.update(self._task, description=PHASES.get(name, name))
        elif event["event"] == "collected":
            self._progress.update(self._task, description=PHASES["prove"], total=self._tally.total)
        elif event["event"] == "case":
            bad = f"{self._tally.bad:,} bad" if self._tally.bad else ""
            self._progress.update(self._task, completed=self._tally.done, bad=bad)

    def say(self, text: str) -> None:
        """One line above the bar."""
        self._progress.console.print(f"golive: {text}", markup=False, highlight=False)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()


def display() -> Display:
    """The display that fits standard error."""
    console = Console(stderr=True)
    return LiveDisplay(console) if console.is_terminal and not console.is_dumb_terminal else PlainDisplay()
