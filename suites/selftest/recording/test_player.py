"""Recorder and player over a real socket: two tenants apart, and no secret in the files."""

import gzip
import json
import logging
import threading
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from harness.core import Redactor
from harness.core.unwrapping import unpacked
from harness.recording import Player, Recorder, merge, read_cassette, using
from harness.recording.player import CassetteMiss

KEY = b"k" * 32
TOKENS = "tenant-token-one-0123456789", "tenant-token-two-0123456789"


FORMS = {
    "plain": lambda text: text,
    "url": lambda text: quote(text, safe=""),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "cursor": lambda text: urlsafe_b64encode(json.dumps({"after": 1, "token": text}).encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "json in json": lambda text: json.dumps(json.dumps({"t": text})),
    "next link": lambda text: f"https://x.invalid/a?cursor={quote(b64encode(f'1|{text}'.encode()))}",
    "gzip in base64": lambda text: b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "basic pair": lambda text: "Basic " + b64encode(f"user:{text}".encode()).decode(),
}
WRAPPED: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "json": ("application/json", lambda text: json.dumps({"rows": [{text: [text]}]}).encode()),
    "text": ("text/plain", lambda text: f"see {text}\nand {text}".encode()),
    "form": ("application/x-www-form-urlencoded", lambda text: f"a=1&t={text}".encode()),
    "multipart": ("multipart/form-data; boundary=b", lambda text: f"--b\r\nX: y\r\n\r\n{text}\r\n--b--".encode()),
    "gzip": ("application/octet-stream", lambda text: gzip.compress(json.dumps({"t": text}).encode(), mtime=0)),
    "binary": ("application/octet-stream", lambda text: b"\xff\x00" + text.encode() + b"\x00\xfe"),
}


class Echo(BaseHTTPRequestHandler):
    """Answers with which tenant asked, or with what was sent."""

    def do_POST(self) -> None:
        """What was sent, and a header of it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", self.headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Link", self.headers["X-Say"])
        self.send_header("Set-Cookie", f"a={self.headers['X-Say']}")
        self.end_headers()
        self.wfile.write(body)

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
def base() -> Iterator[str]:
    """The address of an echo."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_no_form_of_a_secret_is_in_a_recording(base: str, tmp_path: Path) -> None:
    """A secret that goes out and comes back in paths, queries, headers and bodies of all kinds, in any encoding, is in
    no file of the recording, neither journal nor cassette."""
    recorder = Recorder(
        tmp_path / "w" / "gw0" / "interactions.ndjson", Redactor(KEY, [("access_token", TOKENS[0])]), base
    )
    recorder.turn("P:bills", "c")
    with using(recorder), httpx.Client() as client:
        for form in FORMS.values():
            said = form(TOKENS[0])
            for kind, wrap in WRAPPED.values():
                headers = {"Content-Type": kind, "X-Say": said, "Idempotency-Key": said}
                url = f"{base}/bills/{quote(said, safe='')}?cursor={quote(said, safe='')}"
                client.post(url, content=wrap(said), headers=headers)
    recorder.close()
    merge(tmp_path / "w", tmp_path / "c", {})
    text = (tmp_path / "w" / "gw0" / "interactions.ndjson").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == len(FORMS) * len(WRAPPED)
    binary = [b64decode(item["answered"]["body"]) for item in lines if item["answered"]["kind"] == "base64"]
    assert len(binary) == 2 * len(FORMS)  # of gzip and of what is no text
    shown = (
        text
        + (tmp_path / "c" / "P" / "bills.cassette").read_text()
        + "".join(unpacked(body).decode("utf-8", "replace") for body in binary)
    )
    held = {said for form in FORMS.values() for said in (form(TOKENS[0]), json.dumps(form(TOKENS[0]))[1:-1])}
    assert [said for said in sorted(held) if said in shown] == []


@pytest.fixture
def player(base: str, tmp_path: Path) -> tuple[Player, str, Path]:
    """A player of both tenants, recorded as A, then B."""
    redactor = Redactor(KEY)
    recorder = Recorder(tmp_path / "w" / "gw0" / "interactions.ndjson", redactor, base)
    try:
        recorder.turn("QUICKBOOKS:bills", "a case")
        with using(recorder), httpx.Client() as client:
            for token in TOKENS:
                client.get(f"{base}/bills?access_token={token}")
    finally:
        recorder.close()
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


def test_tenants_of_another_key_get_nobodys_data(player: tuple[Player, str, Path]) -> None:
    """A token whose fingerprint is another than when it was recorded is a miss: never another tenant's answer. A
    fingerprint itself gets its own answer under any key, as in a replay by another process."""
    _, base, file = player
    deck = Player(lambda _: read_cassette(file), Redactor(b"o" * 32), base)
    deck.turn("QUICKBOOKS:bills", "a case")
    kept = [Redactor(KEY).learn("access_token", token) for token in TOKENS]
    with using(deck), httpx.Client() as client:
        for token in TOKENS:
            with pytest.raises(CassetteMiss):
                client.get(f"{base}/bills?access_token={token}")
        got = [client.get(f"{base}/bills", params={"access_token": text}).json()["tenant"] for text in reversed(kept)]
    assert got == [1, 0]


def test_a_miss_names_the_case_and_the_nearest(player: tuple[Player, str, Path]) -> None:
    """What was not recorded is an error, though the server would answer: it names the case and the nearest request."""
    deck, base, _ = player
    with using(deck), httpx.Client() as client, pytest.raises(CassetteMiss, match=r"a case.*nearest is GET /bills"):
        client.get(f"{base}/bills?access_token={TOKENS[0]}&limit=5")


def test_what_nothing_asked_for_is_told(player: tuple[Player, str, Path]) -> None:
    """After one of two tenants asked, the request of the other is left, with its cassette and case."""
    deck, base, file = player
    with using(deck), httpx.Client() as client:
        client.get(f"{base}/bills?access_token={TOKENS[0]}")
    ((where, request),) = deck.unplayed()
    assert where == f"{file}: a case"
    assert request.startswith("GET /bills?access_token={{access_token:")


def test_vcrpy_logs_no_url(base: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With logs at their most talkative, recording says no access token."""
    recorder = Recorder(tmp_path / "w" / "gw0" / "interactions.ndjson", Redactor(KEY), base)
    recorder.turn("P:bills", "c")
    with caplog.at_level(logging.DEBUG), using(recorder):
        transport = httpx.HTTPTransport()
        transport.handle_request(httpx.Request("GET", f"{base}/bills?access_token={TOKENS[0]}")).read()
        transport.close()
    recorder.close()
    assert caplog.records
    assert not [record for record in caplog.records if TOKENS[0] in record.getMessage()]
