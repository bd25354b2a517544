"""What an emulator raised against what a backend says it has processed, over real sockets."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from harness.cli.rollout_watch import Webhooks
from harness.emulator import EmulatorProcess, EmulatorSettings
from harness.errors import TargetUnreachable
from harness.rollout.backend import look
from harness.rollout.emulated import Emulated


class Backend(BaseHTTPRequestHandler):
    """Processes every webhook at once."""

    processed: set[bytes]
    refused: set[bytes]

    def do_POST(self) -> None:
        """A webhook; one of `again` is refused the first time."""
        body = self.rfile.read(int(self.headers["content-length"]))
        if b"again" in body and body not in self.refused:
            self.refused.add(body)
            self.send_response(500)
            self.send_header("content-length", "0")
            self.end_headers()
            return
        self.processed.add(body)
        self.answer({})

    def do_GET(self) -> None:
        """The queue."""
        self.answer({"backlog": 0, "oldest_seconds": 0, "processed": len(self.processed)})

    def answer(self, body: object) -> None:
        """200 with JSON."""
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server with these answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def backend() -> Iterator[str]:
    """The address of a backend."""
    with serving(type("Fresh", (Backend,), {"processed": set(), "refused": set()})) as url:
        yield url


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    """The control plane of an emulator."""
    process = EmulatorProcess.start(EmulatorSettings(connections=("QUICKBOOKS",), webhook_first_retry=1.0))
    yield Emulated(process.base_url)
    process.stop()


class Odd(Backend):
    """Tells a queue that cannot be."""

    told: object = None

    def do_GET(self) -> None:
        """The queue."""
        self.answer(self.told)


@pytest.mark.parametrize("wrong", [{"backlog": -5}, {"oldest_seconds": float("nan")}, {"processed": "many"}])
def test_a_queue_that_cannot_be_is_told(wrong: dict[str, object]) -> None:
    """Negative counts and ages that are no number are refused, with what was found."""
    told = {"backlog": 0, "oldest_seconds": 0, "processed": 1, **wrong}
    handler = type("Told", (Odd,), {"told": told})
    with serving(handler) as url, pytest.raises(TargetUnreachable, match="does not tell its queue"):
        look(url)


def test_a_webhook_that_the_api_never_sends_is_missing(backend: str, emulated: Emulated) -> None:
    """What was raised is counted once each, sent or not, and only from the begin on: a dropped one is lost."""
    webhooks = Webhooks(backend, emulated)
    unheard = Webhooks("http://127.0.0.1:1", None)
    with pytest.raises(TargetUnreachable, match="Is the backend running"):
        unheard.begin()

    def raise_events(*names: str) -> None:
        with httpx.Client(trust_env=False) as http:
            for name in names:
                body = {"code": "BILL_UPDATED", "document": {"id": name}}
                http.post(emulated.emit_url, json=body).raise_for_status()

    raise_events("before")
    webhooks.begin()
    raise_events(*(str(number) for number in range(20)), "7", "7")
    webhooks.end(0.0)
    assert (webhooks.queue.raised, webhooks.queue.processed) == (20, 20)
    assert (webhooks.queue.tried, webhooks.queue.refused, webhooks.queue.slowest) == (22, 0, 0.0)
    raise_events("again")
    webhooks.end(0.5)
    assert (webhooks.queue.raised, webhooks.queue.processed) == (21, 21)
    assert (webhooks.queue.tried, webhooks.queue.refused) == (24, 1)
    assert 0.9 < webhooks.queue.slowest < 30
    emulated.abuse({"drop": 1.0})
    raise_events("lost", "also lost")
    webhooks.end(1.0)
    assert (webhooks.queue.raised, webhooks.queue.undelivered, webhooks.queue.processed) == (23, 0, 21)
    webhooks.close()
    assert emulated.hears(backend) is None
