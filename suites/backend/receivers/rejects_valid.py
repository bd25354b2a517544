"""Wrong: compares with the bare base64 digest, without its prefix, so that nothing that is right gets through."""

from collections.abc import Sequence

from serving import Store, event_of, serve, signature


def handle(content: bytes, sent: str | None, secrets: Sequence[str], store: Store) -> int:
    """Verify against half of the header's value."""
    if not any(sent == signature(content, secret).removeprefix("sha256=") for secret in secrets):
        return 401
    event = event_of(content)
    if event is None:
        return 400
    store.keep(content, event)
    return 200


if __name__ == "__main__":
    serve(handle)
