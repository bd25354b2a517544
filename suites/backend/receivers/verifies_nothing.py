"""Wrong: never looks at the signature."""

from collections.abc import Sequence

from serving import Store, event_of, serve


def handle(content: bytes, _sent: str | None, _secrets: Sequence[str], store: Store) -> int:
    """Store whatever comes."""
    event = event_of(content)
    if event is None:
        return 400
    store.keep(content, event)
    return 200


if __name__ == "__main__":
    serve(handle)
