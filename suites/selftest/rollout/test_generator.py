"""The open-model generator, against a small server over real sockets."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.measurement import GateState
from harness.plan.gates import parse_gate
from harness.rollout.circumstances import Circumstances
from harness.rollout.generator import Generator
from harness.rollout.jobs import has_ended
from harness.rollout.judging import judge_gates
from harness.rollout.measuring import Measured, Recorder
from harness.rollout.pacing import Pacer
from harness.rollout.slots import FileSlots
from harness.rollout.transport import CurlPool
from harness.rollout.work import UNIQUE, Flow, Step, Work

Answer = tuple[int, bytes] | None
"""Status and body; None closes the connection instead."""


class Server(socketserver.ThreadingTCPServer):
    """Answers what `answer(number, path, body)` says; keeps what it was asked."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, bytes]] = []
        self.answer: Callable[[int, str, bytes], Answer] = lambda _number, _path, _body: (200, b"{}")


class Handler(socketserver.StreamRequestHandler):
    """One keep-alive connection."""

    server: Server

    def handle(self) -> None:
        """Until the client closes."""
        while line := self.rfile.readline():
            length = 0
            while (header := self.rfile.readline().strip()) != b"":
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = self.rfile.read(length)
            path = line.split()[1].decode()
            self.server.seen.append((path, body))
            answer = self.server.answer(len(self.server.seen), path, body)
            if answer is None:
                return
            status, content = answer
            self.wfile.write(b"HTTP/1.1 %d x\r\ncontent-length: %d\r\n\r\n%s" % (status, len(content), content))


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def work_for(server: Server, flow: Flow, **changes: Any) -> Work:
    """A test of half a second with one flow."""
    url = f"http://127.0.0.1:{server.server_address[1]}"
    return replace(Work("test", url, "2024-08-31", 0.5, 1, (flow,), drain=2.0), **changes)


def play(work: Work, pacer: Pacer | None = None, environ: dict[str, str] | None = None) -> Measured:
    """Play it to its end; what was measured."""
    windows: list[dict[str, Any]] = []
    pool = CurlPool(50, timeout=5)
    generator = Generator(work, 0, pool, Recorder(0), windows.append, environ or {}, pacer)
    generator.run(time.monotonic())
    pool.close()
    return Measured.of(windows)


LIST = Step("list", "GET", "/bills?limit=100", platform="XERO", resource="bills", operation="list")


def test_every_planned_arrival_is_sent_and_answered(server: Server) -> None:
    """Planned, sent and answered are the same number, and the access token goes with each."""
    measured = play(
        work_for(server, Flow("steady_sync", "list", 1, 50, (LIST,))), environ={"RUTTER_ACCESS_TOKEN_XERO": "t1"}
    )
    assert [measured.total(name) for name in ("planned", "wanted", "sent", "answered", "errors")] == [50, 50, 50, 50, 0]
    assert {path for path, _ in server.seen} == {"/bills?limit=100&access_token=t1"}


def test_a_stall_is_felt_by_everything_that_was_due(server: Server) -> None:
    """While the target answers one request at a time and freezes, latency from the intended start shows the queue."""
    lock = threading.Lock()

    def freeze(number: int, _path: str, _body: bytes) -> Answer:
        with lock:
            if number == 10:
                time.sleep(0.4)
        return 200, b"{}"

    server.answer = freeze
    measured = play(work_for(server, Flow("steady_sync", "list", 1, 50, (LIST,))))
    assert (measured.quantile("latency", 0.7, "list") or 0) > 0.1
    assert measured.total("answered") == 50


@pytest.mark.parametrize("step", [LIST, replace(LIST, of="create", method="POST", body="{}", operation="create")])
def test_a_connection_that_ends_without_an_answer_is_an_error(server: Server, step: Step) -> None:
    """On a connection that was kept, too: nothing is repeated but what the generator counts and paces."""
    server.answer = lambda number, _path, _body: None if number % 10 == 5 else (200, b"{}")
    measured = play(work_for(server, Flow("steady_sync", step.of, 1, 40, (step,)), seconds=0.3))
    assert measured.total("sent") == len(server.seen)
    assert measured.total("errors") == sum(number % 10 == 5 for number in range(1, len(server.seen) + 1))
    assert dict(measured.problems) == {f"{step.of}: connection closed before an answer": measured.total("errors")}


WRONG = (
    b"<html>Bad gateway</html>",
    b"",
    b'{"rows": []}',
    b'{"bills": [{"id": "1"}, {"id"',
    b'{"bills": [], "next_cursor": null}',
    b' {"bills":[ ]}',
)


def test_every_answer_is_looked_at(server: Server) -> None:
    """A success that is no list, half a list, or a list that lost its rows is counted, each one among many."""
    wrong = {7 + 2 * place: body for place, body in enumerate(WRONG)}
    server.answer = lambda number, _path, _body: (200, wrong.get(number, b'{"bills": [{"id": "1"}]}'))
    step = replace(LIST, key="bills")
    measured = play(work_for(server, Flow("steady_sync", "list", 1, 30, (step,)), seconds=0.3))
    assert (measured.total("wrong"), measured.total("errors")) == (len(WRONG), 0)
    assert sorted(measured.problems.values()) == [2, 4]
    (result,) = judge_gates([parse_gate("check_failures <= 0%")], measured, Circumstances({"list": 20}, 0.2, 500, 10.0))
    assert result.state is GateState.LOST
    assert "at sight 6 of 30" in result.seen
    assert "a wrong answer, " in result.why


def test_only_the_documented_success_is_one(server: Server) -> None:
    """200 is; any other status is an error, also one that sounds well."""
    others = dict(enumerate((201, 202, 204, 302, 404), 7))
    server.answer = lambda number, _path, _body: (others.get(number, 200), b"")
    measured = play(work_for(server, Flow("steady_sync", "list", 1, 20, (LIST,)), seconds=0.2))
    assert dict(measured.problems) == {f"list: status {status}": 1 for status in others.values()}


def test_a_target_that_is_not_there_is_named(server: Server) -> None:
    """What the transport met is told in words."""
    work = replace(work_for(server, Flow("steady_sync", "list", 1, 3, (LIST,))), base_url="http://127.0.0.1:9")
    assert set(play(replace(work, seconds=0.1)).problems) == {"list: connection refused"}


def test_load_ends_with_whoever_started_it(server: Server) -> None:
    """A load test whose command was killed does not go on loading the target."""
    work, windows = work_for(server, Flow("steady_sync", "list", 1, 600, (LIST,)), seconds=60), list[dict[str, Any]]()
    generator = Generator(work, 0, CurlPool(50, timeout=5), Recorder(0), windows.append, {}, abandoned=lambda: True)
    began = time.monotonic()
    generator.run(began)
    assert time.monotonic() - began < 30
    assert Measured.of(windows).total("unsent") > 500


def test_a_refusal_is_counted_waited_for_and_repeated(server: Server, tmp_path: Path) -> None:
    """A 429 is no error: it is counted, the budget stops for everybody, and the request is sent again."""
    server.answer = lambda number, _path, _body: (429 if number == 3 else 200, b"{}")
    slots = FileSlots(tmp_path / "slots")
    pacer = Pacer(slots, per_second=100, jitter=0.5)
    work = work_for(server, Flow("steady_sync", "list", 1, 10, (LIST,)), seconds=0.9)
    measured = play(work, pacer)
    slots.close()
    assert measured.total("limited") == 1
    assert measured.total("errors") == 0
    assert measured.total("sent") == measured.total("wanted") + 1
    assert measured.before_refusals(10.0) == [3]


def test_errors_are_told_by_kind(server: Server) -> None:
    """A refused write is an error that is not repeated, and is named."""
    server.answer = lambda _number, _path, _body: (450, b"{}")
    create = Step("create", "POST", "/bills", None, '{"name": "x"}', "bills", "create")
    measured = play(work_for(server, Flow("write_burst", "create", 0, 5, (create,))))
    assert measured.total("errors", "create") == 5
    assert measured.problems == {"create: status 450": 5}
    assert measured.total("sent") == 5


def test_writes_differ_and_their_jobs_are_looked_at(server: Server) -> None:
    """Every create has a text of its own; an asynchronous one is followed to its job."""

    def answer(_number: int, path: str, _body: bytes) -> Answer:
        if path.startswith("/jobs/"):
            return 200, b'{"id": "j1", "status": "success"}'
        return 200, b'{"async_response": {"id": "j1", "status": "pending"}}'

    server.answer = answer
    create = Step("create", "POST", "/bills", None, f'{{"name": "{UNIQUE}"}}', "bills", "create")
    measured = play(work_for(server, Flow("write_burst", "create", 0, 4, (create,)), seconds=1.5, job_looks=1))
    bodies = [body for path, body in server.seen if path == "/bills"]
    assert len(set(bodies)) == 4
    looked = sum(path == "/jobs/j1" for path, _ in server.seen)
    assert looked == measured.total("sent", "job") >= 1


def test_jobs_that_never_end_hold_the_stage(server: Server) -> None:
    """They are looked at once more at the end; when none of all has ended, no gate on errors holds."""
    server.answer = lambda _number, path, _body: (
        (200, b'{"id": "j1", "status": "pending"}')
        if path.startswith("/jobs/")
        else (200, b'{"async_response": {"id": "j1", "status": "pending"}}')
    )
    create = Step("create", "POST", "/bills", None, "{}", "bills", "create")
    measured = play(work_for(server, Flow("write_burst", "create", 0, 200, (create,)), seconds=1.6, job_looks=1))
    first = measured.total("planned", "job")
    assert measured.total("open", "job") == measured.total("sent", "job") == first
    assert measured.total("errors") == measured.total("ended", "job") == 0
    around = Circumstances({"create": 200}, 1.6, 500, 10.0)
    (result,) = judge_gates([parse_gate("errors <= 10%")], measured, around)
    assert result.state is GateState.UNDECIDED
    assert "nobody knows whether writes are carried out" in result.why


@pytest.mark.parametrize(
    ("body", "ended"),
    [
        (b'{"status": "success"}', True),
        (b'{"status": "success", "response": {"http_status": 200}}', True),
        (b'{"status": "prequeued"}', False),
        (b'{"status": "success", "response": {"http_status": 400}}', ValueError),
        (b'{"status": "failure"}', ValueError),
        (b'{"status": "done"}', ValueError),
        (b"[]", ValueError),
        (b"", ValueError),
    ],
)
def test_a_job_has_ended_is_open_or_failed(body: bytes, ended: object) -> None:
    """A failure inside of a job, an unknown status and another body are no success."""
    if ended is ValueError:
        with pytest.raises(ValueError, match=r"a job with|Expecting"):
            has_ended(body)
    else:
        assert has_ended(body) is ended


def test_what_is_in_flight_at_the_end_counts(server: Server) -> None:
    """A request without an answer at the end is censored with its age, not dropped."""
    gate = threading.Event()

    def hang(number: int, _path: str, _body: bytes) -> Answer:
        if number == 2:
            gate.wait(10)
        return 200, b"{}"

    server.answer = hang
    measured = play(work_for(server, Flow("steady_sync", "list", 1, 5, (LIST,), unit=1), drain=0.2))
    gate.set()
    assert measured.total("in_flight") == 1
    assert measured.merged("latency").total_count == 5
    assert (measured.quantile("fresh", 1.0, "list") or 0) > 2 * 3600


def test_processes_share_the_arrivals_without_gap_or_overlap(server: Server) -> None:
    """The parts of two processes together are the whole plan, and a connection stays with one of them."""
    flow = Flow("steady_sync", "list", 1, 60, tuple(replace(LIST, path=f"/{number}") for number in range(60)), unit=3)
    parts = []
    for index in (0, 1):
        work = work_for(server, flow, workers=2, seconds=0.2)
        pool = CurlPool(50, timeout=5)
        Generator(work, index, pool, Recorder(index), lambda _window: None, {}).run(time.monotonic())
        pool.close()
        parts.append({int(path[1:]) for path, _ in server.seen})
        server.seen.clear()
    assert parts[0] | parts[1] == set(range(60))
    assert not parts[0] & parts[1]
    assert {number // 3 % 2 for number in parts[0]} == {0}


def test_merged_percentiles_are_those_of_all_values() -> None:
    """The histograms of several processes merge to the percentiles of all their values, within the stated 0.1 %."""
    values = [0.001 * 1.003**number for number in range(3000)]
    windows = []
    for index in range(3):
        recorder = Recorder(index)
        for value in values[index::3]:
            recorder.value("latency", "list", value)
        windows.append(recorder.take(0, cpu=0.1, in_flight=0, queued=0, lost_slots=0))
    merged = Measured.of(windows)
    for share in (0.5, 0.9, 0.99):
        exact = values[int(share * len(values)) - 1]
        assert merged.quantile("latency", share, "list") == pytest.approx(exact, rel=0.004)
