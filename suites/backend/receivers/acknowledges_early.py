"""Wrong: acknowledges first and stores later, so that a crash in between loses the event."""

import threading
from collections.abc import Sequence

from serving import Store, event_of, matches, serve

LATER = 0.05
"""Seconds between the acknowledgement and the store."""


def handle(content: bytes, sent: str | None, secrets: Sequence[str], store: Store) -> int:
    """Verify, acknowledge, store in the background."""
    if not matches(sent, content, secrets):
        return 401
    event = event_of(content)
    if event is None:
        return 400
    threading.Timer(LATER, store.keep, (content, event)).start()
    return 200


if __name__ == "__main__":
    serve(handle)
