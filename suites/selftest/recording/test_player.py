"""Recorder and player on two tenants, over a real socket and then without any."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from harness.core import Redactor
from harness.recording import Player, Recorder, merge, read_cassette, using
from harness.recording.player import CassetteMiss

KEY = b"k" * 32
TOKENS = "tenant-token-one-0123456789", "tenant-token-two-0123456789"


class Echo(BaseHTTPRequestHandler):
    """Answers with which tenant asked."""

    def do_GET(self) -> None:
        """The number of the tenant."""
        body = b'{"tenant": %d}' % TOKENS.index(self.path.rpartition("=")[2])
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        """Nothing."""


@pytest.fixture
def player(tmp_path: Path) -> tuple[Player, str, Path]:
    """A player of both tenants, A then B; the server is gone."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    redactor = Redactor(KEY)
    recorder = Recorder(tmp_path / "w" / "gw0" / "interactions.ndjson", redactor, base)
    try:
        recorder.turn("QUICKBOOKS:bills", "a case")
        with using(recorder), httpx.Client() as client:
            for token in TOKENS:
                client.get(f"{base}/bills?access_token={token}")
    finally:
        recorder.close()
        server.shutdown()
        thread.join()
        server.server_close()
    assert merge(tmp_path / "w", tmp_path / "c", {}) == 2
    file = tmp_path / "c" / "QUICKBOOKS" / "bills.cassette"
    made = Player(lambda _: read_cassette(file), Redactor(KEY), base)
    made.turn("QUICKBOOKS:bills", "a case")
    return made, base, file


def test_tenants_get_their_own_data_in_any_order(player: tuple[Player, str, Path]) -> None:
    """Recorded as A, B and replayed as B, A, each tenant gets its own answer; no token is in the file."""
    deck, base, file = player
    with using(deck), httpx.Client() as client:
        got = [client.get(f"{base}/bills?access_token={token}").json()["tenant"] for token in reversed(TOKENS)]
    assert got == [1, 0]
    assert not [token for token in TOKENS if token in file.read_text()]


def test_a_miss_names_the_case_and_the_nearest(player: tuple[Player, str, Path]) -> None:
    """What was not recorded is an error, though the server is gone: it names the case and the nearest request."""
    deck, base, _ = player
    with using(deck), httpx.Client() as client, pytest.raises(CassetteMiss, match=r"a case.*nearest is GET /bills"):
        client.get(f"{base}/bills?access_token={TOKENS[0]}&limit=5")
