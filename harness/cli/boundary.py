"""The edge of the process: every outcome becomes one message and one exit status, and no traceback reaches a person."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from harness.errors import GoliveError
from harness.exit_status import ExitStatus


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
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return ExitStatus.GO
    except click.ClickException as error:
        return _wrong_use(error)
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted", ExitStatus.INTERRUPTED)
    except GoliveError as error:
        return _say(str(error), error.exit_status)
    except BrokenPipeError:
        # The reader (`| head`) has enough; Python's own flush at exit must not complain about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.GO
    except Exception as error:
        if "--debug" in arguments:
            raise
        return _unexpected(error)
    return result if isinstance(result, ExitStatus) else ExitStatus.GO


def _wrong_use(error: click.ClickException) -> ExitStatus:
    context = getattr(error, "ctx", None)
    hint = f". Try: {context.command_path} --help" if context is not None else ""
    return _say(error.format_message().rstrip(".") + hint, ExitStatus.WRONG_USE)


def _unexpected(error: Exception) -> ExitStatus:
    from harness.cli.crash import describe

    return _say(describe(error), ExitStatus.HARNESS_ERROR)


def _say(message: str, status: ExitStatus) -> ExitStatus:
    click.echo(f"golive: {message}", err=True)
    return status
