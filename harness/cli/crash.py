"""An exception that nobody expected: one line for a person, the rest in a log file without secrets."""

import os
import tempfile
import traceback
from pathlib import Path

from harness.cli.secrets import redactor


def describe(error: BaseException) -> str:
    """What happened and where, and the path of the log with the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    safe = redactor()
    first = (str(error).splitlines() or [""])[0]
    message = safe.text(f"unexpected {type(error).__name__}{where}: {first}")
    text = safe.text("".join(traceback.format_exception(error)))
    try:
        handle, name = tempfile.mkstemp(prefix="golive-error-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return f"{message}. This is a bug of golive; --debug shows the traceback"
    return f"{message}. This is a bug of golive; the traceback is in {name}"
