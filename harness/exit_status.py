"""The exit codes of every `golive` command, an enum with a reason each."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """What the process tells its caller when it ends."""

    GO = 0
    """The verdict is `go`, or the command did what it was asked."""
    NO_GO = 1
    """The target has at least one finding that votes."""
    INCONCLUSIVE = 2
    """Nothing was found wrong, but not everything could be decided."""
    WRONG_USE = 3
    """The command line, a plan, the settings or the credentials are wrong; nothing was proven."""
    HARNESS_ERROR = 4
    """The harness could not do its job: target out of reach, disk full, a check that raised."""
    INTERRUPTED = 130
    """Stopped by the user; what was proven until then is in the report."""
