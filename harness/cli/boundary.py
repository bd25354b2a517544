"""The edge of the process: every outcome becomes one message and one exit status, and no traceback reaches a person."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from harness.errors import GoliveError
from harness.exit_status import ExitStatus

EXPECTED = (click.ClickException, click.Abort, KeyboardInterrupt, GoliveError)
"""What needs no traceback, not even with `--debug`."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with the status of `harness.exit_status`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal of a small character set must not turn a report into a crash.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(int(run(list(sys.argv[1:] if arguments is None else arguments))))


def run(arguments: Sequence[str]) -> ExitStatus:
    """Run the command line; return the exit status instead of leaving."""
    from harness.cli.app import app

    try:
        result = app.main(args=list(arguments), prog_name="golive", standalone_mode=False)
    except BrokenPipeError:
        # The reader (`| head`) has enough; Python's own flush at exit must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.GO
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in arguments and not isinstance(error, EXPECTED):
            raise
        message, status = _told(error)
        click.echo(message, err=status is not ExitStatus.GO)
        return status
    return result if isinstance(result, ExitStatus) else ExitStatus.GO


def _told(error: BaseException) -> tuple[str, ExitStatus]:
    """One message and the exit status."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            return error.format_message(), ExitStatus.GO
        case click.ClickException():
            return f"golive: {_sentence(error)}", ExitStatus.WRONG_USE
        case click.Abort() | KeyboardInterrupt():
            return "golive: interrupted", ExitStatus.INTERRUPTED
        case GoliveError():
            return f"golive: {error}", error.exit_status
    from harness.cli.crash import describe

    return f"golive: {describe(error)}", ExitStatus.HARNESS_ERROR


def _sentence(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if context is None:
        return message
    end = "" if message.endswith((".", "?")) else "."
    return f"{message}{end} Try: {context.command_path} --help"
