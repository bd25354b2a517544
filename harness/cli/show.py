"""A report on the terminal."""

from pathlib import Path

from rich.console import Console

from harness.exit_status import ExitStatus
from harness.report import RunReport
from harness.report.files import HTML_FILE
from harness.report.summary import WIDTH, print_summary

WIDEST = 110
"""Columns beyond which lines are hard to read."""


def show(report: RunReport, directory: Path) -> ExitStatus:
    """Print the summary on standard output; return the exit status of the verdict."""
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDTH
    print_summary(report, console, where=str(directory / HTML_FILE))
    return report.verdict.exit_status
