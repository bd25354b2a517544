"""Progress as JSON lines on an inherited file descriptor, for whoever started pytest."""

import json
import os
from typing import Any


class Events:
    """Writes `{"event": ...}` lines: `phase`, `collected`, `case`, `fatal`, `end`. Without a descriptor nothing is
    written."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def send(self, event: str, **values: Any) -> None:
        """One line. A reader that went away is no reason to stop proving: the descriptor is dropped."""
        if self._descriptor is None:
            return
        line = json.dumps({"event": event, **values}, ensure_ascii=False) + "\n"
        try:
            os.write(self._descriptor, line.encode())
        except OSError:
            self._descriptor = None
