"""Where an address leads."""

from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def on_loopback(url: str) -> bool:
    """Whether a URL leads to this machine: what answers there is a double, and proves nothing about a live API."""
    return (urlsplit(url).hostname or "") in LOOPBACK
