"""A proxy that stands between a run and an emulator, and answers as a test says."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx

HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "content-encoding", "accept-encoding"})


@contextmanager
def between(base_url: str, answer: Callable[[BaseHTTPRequestHandler, httpx.Client], None]) -> Iterator[str]:
    """The base URL of a proxy to `base_url`. Each request is answered by `answer`, which asks what it hides through a
    client of that server."""
    origin = urlsplit(base_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handled(self) -> None:
            answer(self, client)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handled  # noqa: N815 - the names that the server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with httpx.Client(base_url=f"{origin.scheme}://{origin.netloc}", timeout=30) as client:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{origin.path}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def ask(handler: BaseHTTPRequestHandler, client: httpx.Client, url: str) -> httpx.Response:
    """What the hidden server answers to the request at `url`."""
    sent = handler.rfile.read(int(handler.headers.get("content-length") or 0))
    headers = {name: value for name, value in handler.headers.items() if name.lower() not in HOP}
    return client.request(handler.command, url, content=sent, headers=headers)


def tell(handler: BaseHTTPRequestHandler, code: int, headers: Iterable[tuple[str, str]], content: bytes) -> None:
    """Answer, without the headers that are of one connection only."""
    handler.send_response_only(code)
    for name, value in headers:
        if name.lower() not in HOP:
            handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
