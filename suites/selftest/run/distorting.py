"""A proxy before an emulator that answers one path otherwise."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import httpx

from suites.selftest.run.between import ask, between, tell


def distorting(
    base_url: str, path: str, change: Callable[[str, bytes], tuple[int, bytes]]
) -> AbstractContextManager[str]:
    """The base URL of a proxy to `base_url`. GETs of `path` are answered with the status and body that `change` makes
    of the query and the body; the headers stay."""
    changed = urlsplit(base_url).path + path

    def answer(handler: BaseHTTPRequestHandler, client: httpx.Client) -> None:
        got = ask(handler, client, handler.path)
        code, content = got.status_code, got.content
        asked = urlsplit(handler.path)
        if handler.command == "GET" and asked.path == changed:
            code, content = change(asked.query, content)
        tell(handler, code, got.headers.items(), content)

    return between(base_url, answer)
