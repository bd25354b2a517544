"""Does it right: raw bytes, constant time, stored before acknowledged, once."""

from collections.abc import Sequence

from serving import Store, event_of, matches, serve


def handle(content: bytes, sent: str | None, secrets: Sequence[str], store: Store) -> int:
    """Verify, store, acknowledge."""
    if not matches(sent, content, secrets):
        return 401
    event = event_of(content)
    if event is None:
        return 400
    store.keep(content, event)
    return 200


if __name__ == "__main__":
    serve(handle)
