"""The exception tree. Three kinds of bad news stay apart: wrong use, broken run, and findings (data, not here).

GoliveError
├── UsageError              the caller must change something (exit 3)
│   ├── PlanError           a plan file is wrong; says file:line
│   ├── ContractError       an unknown resource, operation, field or platform was named
│   └── CredentialError     a credential is missing or malformed; never shows the value
└── HarnessError            the harness could not do its job (exit 4)
    ├── TargetUnreachable   no connection, no answer, or an answer that is not this API
    │   └── MalformedAnswer this API answers, but not as documented: for a run a finding
    ├── CheckError          a check raised instead of returning findings
    └── StorageError        evidence or report could not be written or read
"""

from harness.exit_status import ExitStatus


class GoliveError(Exception):
    """Base of all errors that golive raises on purpose; its text is one message for a person."""

    exit_status: ExitStatus = ExitStatus.HARNESS_ERROR


class UsageError(GoliveError):
    """The caller must change something: arguments, settings, files."""

    exit_status = ExitStatus.WRONG_USE


class PlanError(UsageError):
    """A plan file cannot be used. `path` and `line` (1-based) say where."""

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None) -> None:
        where = f"{path}:{line}: " if path and line else f"{path}: " if path else ""
        super().__init__(where + message)
        self.path = path
        self.line = line


class ContractError(UsageError):
    """A name is not in the contract."""


class CredentialError(UsageError):
    """A credential is missing or malformed. The message names the setting, never the value."""


class HarnessError(GoliveError):
    """The harness could not do its job; a run with such errors is never `go`."""


class TargetUnreachable(HarnessError):
    """The target does not answer, or what answers is not this API."""


class MalformedAnswer(TargetUnreachable):
    """This API answers, but not as documented. A run does not stop at it: what is wrong with it is a finding."""


class CheckError(HarnessError):
    """A check raised an exception: a bug of ours, never a pass."""


class StorageError(HarnessError):
    """A file could not be written or read (full disk, permissions, truncated file)."""
