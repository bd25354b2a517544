"""What a person or a CI log sees while a run goes on."""

import io
from typing import Any

from rich.console import Console

from harness.cli.progress import LiveDisplay, PlainDisplay


def feed(display: Any, cases: int) -> None:
    """A run of that many cases, one of them bad."""
    display.event({"event": "phase", "name": "target"})
    display.event({"event": "collected", "cases": cases})
    for number in range(cases):
        display.event({"event": "case", "id": str(number), "outcome": "failed" if number == 1 else "passed"})
    display.event({"event": "phase", "name": "report"})
    display.event({"event": "end"})
    display.close()


def test_a_log_gets_few_plain_lines(capsys: Any) -> None:
    """Without a terminal there is a line per phase and a few of progress; the last one is not left out."""
    feed(PlainDisplay(), 2000)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["golive: reaching the target", "golive: 2,000 cases"]
    assert lines[-2:] == [
        "golive: 100 %  2,000 of 2,000 cases, 1 with findings or errors",
        "golive: writing the report",
    ]
    assert len(lines) <= 6
    assert all(line.isprintable() for line in lines)


def test_a_terminal_gets_a_bar() -> None:
    """On a terminal the bar shows how many cases are done, and is taken away at the end."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    display = LiveDisplay(console)
    feed(display, 30)
    display.say("done")
    assert "30/30" in out.getvalue()
    assert out.getvalue().rstrip().endswith("golive: done")
