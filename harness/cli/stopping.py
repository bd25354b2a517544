"""SIGTERM and SIGHUP taken for a ctrl-C, by commands whose processes must not outlive them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def stopped_like_ctrl_c() -> Iterator[None]:
    """Inside, what asks the process to end raises KeyboardInterrupt, so that cleaning up happens and the exit status is
    `interrupted`. A signal that is ignored (`nohup`) stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    names = [name for name in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(name) is not signal.SIG_IGN]
    before = {name: signal.signal(name, _interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
