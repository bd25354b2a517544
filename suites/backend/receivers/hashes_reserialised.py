"""Wrong: hashes the body as it writes it itself, not the bytes that came."""

import json
from collections.abc import Sequence

from serving import Store, event_of, matches, serve


def handle(content: bytes, sent: str | None, secrets: Sequence[str], store: Store) -> int:
    """Verify a body that was parsed and written again."""
    try:
        again = json.dumps(json.loads(content), ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError:
        return 400
    if not matches(sent, again, secrets):
        return 401
    event = event_of(content)
    if event is None:
        return 400
    store.keep(content, event)
    return 200


if __name__ == "__main__":
    serve(handle)
