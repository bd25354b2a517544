"""What a platform does not have: asked for once, not once for each of its connections.

Source: 404 is an endpoint that is "not supported for that connection's platform", [D:rest/2023-03-14/errors].
"""

import threading

from harness.core import Clock

BELIEVED_SECONDS = 3600.0
"""How long a 404 counts for other connections of the platform: it may have been an accident."""


class Unsupported:
    """What one process has seen; its threads share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], float] = {}

    def note(self, platform: str, resource: str) -> None:
        """A list of a platform was answered 404."""
        with self._lock:
            self._seen[platform, resource] = self._clock.monotonic()

    def known(self, platform: str, resource: str) -> bool:
        """Whether that was seen lately."""
        with self._lock:
            seen = self._seen.get((platform, resource))
        return seen is not None and self._clock.monotonic() - seen < BELIEVED_SECONDS
