"""A small webhook receiver to build on: takes events at `/webhooks`, shows what it stored at `/events?mark=`.

    RUTTER_CLIENT_SECRET=... python suites/backend/receivers/right.py 8090

While a secret is rotated, RUTTER_NEW_CLIENT_SECRET holds the second one.
Each module beside this one is a receiver. `right.py` does it right with the least code; the others have one fault each,
which `golive gauntlet` names. None of them is fit for production: they store in memory.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = int
"""An HTTP status."""
LARGEST = 1024 * 1024


def signature(content: bytes, secret: str) -> str:
    """What the API sends for these bytes."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


def matches(sent: str | None, content: bytes, secrets: Sequence[str]) -> bool:
    """Whether a signature is right for these bytes under one of the secrets; compared in constant time."""
    right = [hmac.compare_digest((sent or "").encode(), signature(content, secret).encode()) for secret in secrets]
    return any(right)


@dataclass
class Store:
    """Events by a digest of their content: one that comes again is not stored again."""

    events: dict[str, Any] = field(default_factory=dict)
    by_mark: dict[str, list[Any]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, content: bytes, event: dict[str, Any]) -> None:
        """Store an event unless it is there."""
        digest = hashlib.sha256(content).hexdigest()
        with self.lock:
            if digest not in self.events:
                self.events[digest] = event
                self.by_mark.setdefault(str(event["connection_id"]), []).append(event)

    def shown(self, mark: str) -> list[Any]:
        """The stored events of one connection."""
        with self.lock:
            return list(self.by_mark.get(mark, ()))


Handle = Callable[[bytes, str | None, Sequence[str], Store], Answer]
"""(raw body, signature or None, secrets, store) -> status."""


def event_of(content: bytes) -> dict[str, Any] | None:
    """The event as it is stored, under its code; None when the body is no event."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        return None
    return {"event": body["code"], "connection_id": body.get("connection_id")}


def serve(handle: Handle) -> None:
    """Serve `handle` on loopback, at the port of the command line (0: a free one), until the process ends."""
    names = ("RUTTER_CLIENT_SECRET", "RUTTER_NEW_CLIENT_SECRET")
    secrets = [os.environ[name] for name in names if os.environ.get(name)]
    store = Store()

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 64 * 1024  # an answer leaves in one piece: two would wait for each other

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > LARGEST:
                self.close_connection = True
                self._answer(413, b"{}")
                return
            content = self.rfile.read(length)
            self._answer(handle(content, self.headers.get("X-Rutter-Signature"), secrets, store), b"{}")

        def do_GET(self) -> None:
            mark = parse_qs(urlsplit(self.path).query).get("mark", [""])[0]
            self._answer(200, json.dumps({"events": store.shown(mark)}).encode())

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: addresses hold ids."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    with Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Receiver) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
