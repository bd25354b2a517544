"""Wrong: takes `type` for the event's name, which is only its family."""

import json
from collections.abc import Sequence

from serving import Store, event_of, matches, serve


def handle(content: bytes, sent: str | None, secrets: Sequence[str], store: Store) -> int:
    """Verify, then store under the wrong name."""
    if not matches(sent, content, secrets):
        return 401
    event = event_of(content)
    if event is None:
        return 400
    store.keep(content, {**event, "event": str(json.loads(content).get("type"))})
    return 200


if __name__ == "__main__":
    serve(handle)
