"""What is recorded over a real socket is played as it was heard, and a changed request is noticed, whatever changed."""

import asyncio
import contextvars
import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.core import Redactor
from harness.recording import Player, Recorder, Shelf, merge, using
from harness.recording.player import CassetteMiss

KEY = b"k" * 32
LARGE = 2**70
TYPES = ("application/json", "text/plain")
BREAKS = ("reset", "dropped", "silent", "short", "halting")
"""Paths whose answers break off."""

ANSWERS: dict[str, tuple[bytes, tuple[tuple[str, str], ...]]] = {
    "large": (b'{"n":%d}' % LARGE, (("content-type", "application/json"),)),
    "repeated": (b"{}", (("x-hint", "a"), ("x-hint", "b, c"), ("link", "<x>; rel=next"))),
    "odd": (b"{}", (("x-quoted", '"a"'), ("x-empty", ""), ("x-colon", "a: b"))),
    "marks": (b"< 200\n= 123456789012\n## x\n@ y\n# end 3 123456789012\n", (("content-type", "text/plain"),)),
    "broken gzip": (b"no gzip", (("content-encoding", "gzip"),)),
}


class Target(BaseHTTPRequestHandler):
    """Answers by path, or breaks the connection in the way that the path says."""

    protocol_version = "HTTP/1.1"
    hits = 0

    def do_GET(self) -> None:
        """The answer."""
        type(self).hits += 1
        sent = self.rfile.read(int(self.headers["content-length"] or 0))
        name = self.path.partition("?")[0].rpartition("/")[2].replace("-", " ")
        if name == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if name in {"reset", "dropped"}:
            self.connection.close()
            self.close_connection = True
            return
        if name == "silent":
            time.sleep(0.6)  # the client gives up before
        body, headers = ANSWERS.get(name, (sent or b"{}", ()))
        if name == "own address":
            origin = f"http://127.0.0.1:{self.server.server_address[1]}"
            headers = (("link", f"<{origin}/v/r?page=2>; rel=next"), ("content-type", self.headers["accept"]))
            body = b'{"next": "%s/v/r?page=2", "link": "%s/connect"}' % ((origin.encode(),) * 2)
        self.send_response(200)
        for pair in headers:
            self.send_header(*pair)
        self.send_header("content-length", "100" if name in {"short", "halting"} else str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if name == "halting":
            time.sleep(0.6)  # as above
        self.close_connection = name in {"short", "halting", "silent"}

    def do_POST(self) -> None:
        """As a GET."""
        self.do_GET()

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        """Nothing."""


class Quiet(ThreadingHTTPServer):
    """A client that gave up is no news."""

    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """A target on a port of its own; its base URL."""
    server = Quiet(("127.0.0.1", 0), Target)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def base() -> Iterator[str]:
    """The base URL of a target."""
    with serving() as url:
        yield url


Act = Callable[[], Any]


@pytest.fixture
def recorded(base: str, tmp_path: Path) -> Callable[[Act], tuple[Any, Act]]:
    """Records what a function does; gives what it returned, and a function that plays another one from the file."""

    def record(act: Act) -> tuple[Any, Callable[[Act], Any]]:
        recorder = Recorder(tmp_path / "workers" / "gw0" / "interactions.ndjson", Redactor(KEY), base)
        recorder.turn("P:r", "case")
        with using(recorder):
            heard = act()
        recorder.close()
        merge(tmp_path / "workers", tmp_path / "cassettes", {})

        def play(other: Act) -> Any:
            player = Player(Shelf(tmp_path / "cassettes").group, Redactor(KEY, settled=True), base)
            player.turn("P:r", "case")
            before = Target.hits
            try:
                with using(player):
                    return other()
            finally:
                assert Target.hits == before, "a replay asked the target"

        return heard, play

    return record


def told(act: Act) -> Any:
    """What a function returned, or kind and message of what it raised."""
    try:
        return act()
    except httpx.HTTPError as error:
        return type(error).__name__, str(error)


def patience(path: str) -> float:
    """How many seconds to wait for an answer: of those that never come whole only a few."""
    return 0.3 if path in BREAKS else 30.0


def asked(base: str, path: str, method: str = "GET", **more: Any) -> Any:
    """Status, headers and bytes of an answer, or what went wrong."""
    answer = httpx.request(method, f"{base}/{path}", timeout=patience(path), **more)
    unkept = {"date", "server", "content-length", "content-encoding"}
    headers = sorted(pair for pair in answer.headers.multi_items() if pair[0] not in unkept)
    return answer.status_code, headers, answer.content


@pytest.mark.parametrize("name", [name for name in ANSWERS if name != "large"])
def test_an_answer_is_played_as_it_was_heard(base: str, recorded: Any, name: str) -> None:
    """Repeated headers stay apart, texts that look like marks of the file are none, and what cannot be decoded is the
    same error."""
    heard, play = recorded(lambda: told(lambda: asked(base, name.replace(" ", "-"))))
    assert play(lambda: told(lambda: asked(base, name.replace(" ", "-")))) == heard


def test_an_integer_keeps_its_digits(base: str, recorded: Any) -> None:
    """A number beyond 64 bits is played as it was, and not as the float that is near."""
    heard, play = recorded(lambda: httpx.get(f"{base}/large").json())
    assert play(lambda: httpx.get(f"{base}/large").json()) == heard == {"n": LARGE}


def test_the_files_do_not_say_where_the_target_was(tmp_path: Path) -> None:
    """Two targets on different ports that answer alike, also with their own address, give the same bytes; a replay
    gives the address of its own."""
    texts: list[bytes] = []
    heard: list[Any] = []
    for name in ("one", "two"):
        with serving() as base:
            recorder = Recorder(tmp_path / name / "gw0" / "interactions.ndjson", Redactor(KEY), base)
            recorder.turn("P:r", "case")
            with using(recorder):
                heard += [asked(base, "own-address", headers={"accept": kind}) for kind in TYPES]
                asked(base, f"r?callback={base}/hook", "POST", json={"url": f"{base}/hook"})
            recorder.close()
        merge(tmp_path / name, tmp_path / name / "cassettes", {})
        texts.append((tmp_path / name / "cassettes" / "P" / "r.cassette").read_bytes())
    assert texts[0] == texts[1]
    assert b"127.0.0.1" not in texts[0]
    player = Player(Shelf(tmp_path / "two" / "cassettes").group, Redactor(KEY, settled=True), base)
    player.turn("P:r", "case")
    with using(player):
        for index, kind in enumerate(TYPES):
            assert asked(base, "own-address", headers={"accept": kind})[1] == heard[2 + index][1]
        asked(base, f"r?callback={base}/hook", "POST", json={"url": f"{base}/hook"})


@pytest.mark.parametrize("path", BREAKS)
def test_an_answer_that_broke_off_is_the_same_error(base: str, recorded: Any, path: str) -> None:
    """A connection that is reset, dropped, silent, or ends within the body replays as the exception that it was."""
    heard, play = recorded(lambda: [told(lambda: asked(base, path)), told(lambda: asked(base, "fine"))])
    assert isinstance(heard[0][0], str)
    assert play(lambda: [told(lambda: asked(base, path)), told(lambda: asked(base, "fine"))]) == heard


def test_errors_of_asyncio_are_the_same(base: str, recorded: Any) -> None:
    """The same holds for asyncio, whose exceptions may have no text; fifty tasks at once stay apart."""

    async def all_at_once() -> list[Any]:
        paths = [*BREAKS, *(f"fine?n={number}" for number in range(50))]
        async with httpx.AsyncClient() as client:
            asking = (client.get(f"{base}/{path}", timeout=patience(path)) for path in paths)
            found = await asyncio.gather(*asking, return_exceptions=True)
        return [item.status_code if isinstance(item, httpx.Response) else (type(item), str(item)) for item in found]

    heard, play = recorded(lambda: asyncio.run(all_at_once()))
    assert play(lambda: asyncio.run(all_at_once())) == heard
    assert len([item for item in heard if item == 200]) == 50


def json_body(text: bytes) -> dict[str, Any]:
    """What is sent as JSON."""
    return {"content": text, "headers": {"content-type": "application/json"}}


CHANGES: dict[str, tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]], str]] = {
    "order of parameters": (("r?a=1&b=2", {}), ("r?b=2&a=1", {}), "order of query parameters is b, a, recorded a, b"),
    "repeated parameter": (("r?a=1&a=2", {}), ("r?a=2&a=1", {}), "query a is 2, 1, recorded 1, 2"),
    "parameter once": (("r?a=1&a=1", {}), ("r?a=1", {}), "query a is 1, recorded 1, 1"),
    "composed letter": (("r?a=\u00e9", {}), ("r?a=e\u0301", {}), r"query a is 'e\u0301', recorded '\xe9'"),
    "encoded slash": (("r/a%2Fb", {}), ("r/a/b", {}), "path is /r/a/b, recorded /r/a%2Fb"),
    "no UTF-8": (("r?a=%ff", {}), ("r?a=%fe", {}), r"query a is '\udcfe', recorded '\udcff'"),
    "version": (
        ("r", {"headers": {"X-Rutter-Version": "2024-08-31"}}), ("r", {"headers": {"X-Rutter-Version": "2023-02-07"}}),
        "header x-rutter-version is 2023-02-07, recorded 2024-08-31",
    ),
    "what is accepted": (("r", {}), ("r", {"headers": {"accept": "text/csv"}}), "accept is text/csv, recorded absent"),
    "number": (("r", json_body(b'{"a":1}')), ("r", json_body(b'{"a":1.0}')), "body.a is 1.0, recorded 1"),
    "digits": (
        ("r", json_body(b'{"a":1234567890123456.78}')), ("r", json_body(b'{"a":1234567890123456.79}')),
        '1234567890123456.79}}", recorded',
    ),
    "null": (("r", json_body(b'{"a":null}')), ("r", json_body(b"{}")), "body.a is absent, recorded null"),
    "order of a list": (("r", json_body(b"[1,2]")), ("r", json_body(b"[2,1]")), "body[0] is 2, recorded 1"),
    "nothing or an object": (("r", json_body(b"")), ("r", json_body(b"{}")), "body is {}, recorded absent"),
    "nothing or null": (("r", json_body(b"")), ("r", json_body(b"null")), "body is null, recorded absent"),
    "text or JSON": (("r", json_body(b'"abc"')), ("r", json_body(b"abc")), "body is text, not JSON, recorded absent"),
    "bytes": (("r", json_body(b"\xff\x01")), ("r", json_body(b"\xfe\x01")), "body is"),
    "end of many bytes": (
        ("r", json_body(bytes(range(256)))), ("r", json_body(bytes(range(255)) + b"\xfe")), "...",
    ),
    "compressed": (
        ("r", {"content": gzip.compress(b"abc", mtime=0), "headers": {"content-encoding": "gzip"}}),
        ("r", {"content": b"abc"}),
        "header content-encoding is absent, recorded gzip",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_request_is_a_miss_that_names_the_field(base: str, recorded: Any, change: str) -> None:
    """Whatever of a request changes, it gets no answer, and the error says what was asked and what was recorded."""
    one, two, said = CHANGES[change]
    method = "POST" if "content" in two[1] else "GET"
    _, play = recorded(lambda: asked(base, one[0], method, **one[1]))
    with pytest.raises(CassetteMiss) as miss:
        play(lambda: asked(base, two[0], method, **two[1]))
    assert said in str(miss.value)
    assert "(line " in str(miss.value)
    play(lambda: asked(base, one[0], method, **one[1]))


def test_a_read_after_more_writes_says_so(base: str, recorded: Any) -> None:
    """The number of writes before a request is a field like any other."""
    read, write = (lambda: asked(base, "r")), (lambda: asked(base, "r", "POST", json={"a": 1}))
    _, play = recorded(lambda: [read(), write()])
    with pytest.raises(CassetteMiss, match="writes to /r before it are 1, recorded 0"):
        play(lambda: [write(), read()])


def test_the_nearest_is_one_of_the_same_operation(base: str, recorded: Any) -> None:
    """A request to the same path is nearer than one to another, however many fields of it differ."""
    body = dict.fromkeys("abcdef", 1)
    _, play = recorded(lambda: [asked(base, "other", "POST", json=body), asked(base, "r", "POST", json=body)])
    with pytest.raises(CassetteMiss, match=r"The nearest is POST /r \(line \d+\): body\.a is 2, recorded 1"):
        play(lambda: asked(base, "r", "POST", json=dict.fromkeys("abcdef", 2)))


def test_a_request_of_no_deck_names_itself(base: str, recorded: Any) -> None:
    """A thread without the context of its replay is told which request it sent, and asks nobody."""
    _, play = recorded(lambda: asked(base, "r"))
    found: list[str] = []

    def lost() -> None:
        try:
            asked(base, "r?access_token=s3cret-0123456789")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test reads it
            found.append(str(error))

    def act() -> None:
        thread = threading.Thread(target=contextvars.Context().run, args=(lost,))
        thread.start()
        thread.join()

    play(act)
    assert found[0].startswith("GET /v/r was sent outside of every cassette")
    assert "s3cret" not in found[0]
