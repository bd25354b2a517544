"""A proxy before an emulator that answers one path otherwise."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx

HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "content-encoding", "accept-encoding"})


@contextmanager
def distorting(base_url: str, path: str, change: Callable[[str, bytes], tuple[int, bytes]]) -> Iterator[str]:
    """The base URL of a proxy to `base_url`. GETs of `path` are answered with the status and body that `change` makes
    of the query and the body; the headers stay."""
    origin = urlsplit(base_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            got = client.request(self.command, self.path, content=sent, headers=headers)
            code, content = got.status_code, got.content
            asked = urlsplit(self.path)
            if self.command == "GET" and asked.path == origin.path + path:
                code, content = change(asked.query, content)
            self.send_response_only(code)
            for name, value in got.headers.items():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that the server calls

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
