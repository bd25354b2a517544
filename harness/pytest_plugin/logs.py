"""Logs and reports of pytest without secrets: libraries tell their debug log the headers and URLs that they see."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

Records = Callable[..., logging.LogRecord]


def redact_logs(text: Callable[[str], str]) -> Records:
    """From now on every record of this process is what `text` makes of its message; what made records before."""
    plain = logging.getLogRecordFactory()

    def record(*arguments: Any, **more: Any) -> logging.LogRecord:
        made = plain(*arguments, **more)
        made.msg, made.args = text(made.getMessage()), None
        return made

    logging.setLogRecordFactory(record)
    return plain


@contextmanager
def redacted_logs(text: Callable[[str], str]) -> Iterator[None]:
    """The same for a while."""
    plain = redact_logs(text)
    try:
        yield
    finally:
        logging.setLogRecordFactory(plain)


def withhold(report: pytest.TestReport, text: Callable[[str], str]) -> None:
    """Put what `text` makes of the traceback and of what was captured into their place, where that is another."""
    report.sections[:] = [(name, text(content)) for name, content in report.sections]
    if report.longrepr is None or isinstance(report.longrepr, tuple):
        return  # a tuple says why a test was skipped: the case's reason, which is redacted when it is recorded
    told = str(report.longrepr)
    safe = text(told)
    if safe != told:
        report.longrepr = safe
