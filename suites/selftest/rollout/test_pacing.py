"""The shared rate budget: slots over processes, over a death, over machines."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.rollout.pacing import Pacer
from harness.rollout.slots import FileSlots, open_slots, without_secret

INTERVAL = 0.01
RESERVE = """
import sys, time
from pathlib import Path
from harness.rollout.slots import FileSlots
slots = FileSlots(Path(sys.argv[1]))
for _ in range(200):
    print(repr(time.monotonic() + slots.reserve(0.01)))
"""
HOLD = """
import fcntl, os, sys, time
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""


def test_processes_share_one_row_of_slots(tmp_path: Path) -> None:
    """Four processes that reserve at the same time get 800 different slots, none closer to another than the pace."""
    command = [sys.executable, "-c", RESERVE, str(tmp_path / "slots")]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter
        for _ in range(4)
    ]
    slots = sorted(float(line) for process in running for line in process.communicate()[0].split())
    assert len(slots) == 800
    # Between reading the clock in the store and in the process there is only delay, never an earlier slot.
    assert slots[-1] - slots[0] >= 799 * INTERVAL * 0.99


def test_a_process_that_dies_with_the_lock_gives_it_back(tmp_path: Path) -> None:
    """The budget goes on after the process that holds its lock was killed."""
    place = tmp_path / "slots"
    FileSlots(place).close()
    command = [sys.executable, "-c", HOLD, str(place)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    slots = FileSlots(place)
    assert slots.reserve(INTERVAL) == 0.0
    slots.close()


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.value = 1000.0

    def now(self) -> float:
        """The instant."""
        return self.value

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.value += seconds


@pytest.fixture
def time() -> Time:
    """A clock of this test."""
    return Time()


@pytest.fixture
def slots(tmp_path: Path, time: Time) -> Iterator[FileSlots]:
    """A store on that clock."""
    store = FileSlots(tmp_path / "slots", now=time.now)
    yield store
    store.close()


def test_the_pace_keeps_every_window(time: Time, slots: FileSlots) -> None:
    """Whoever sends as soon as permitted never exceeds the limit in a sliding window, and uses 99 percent of it."""
    pacer = Pacer(slots, per_second=500 / 10.05, jitter=0.05, now=time.now, sleep=time.sleep)
    sent = []
    for _ in range(2000):
        pacer.acquire()
        sent.append(time.now())
    most = max(
        sum(1 for other in sent[place : place + 520] if other < moment + 10) for place, moment in enumerate(sent)
    )
    assert 495 <= most <= 500


def test_a_slot_noticed_too_late_is_given_up(time: Time, slots: FileSlots) -> None:
    """A process that was not running when its slot came takes a new one instead of sending late."""
    pacer = Pacer(slots, per_second=50, jitter=0.05, now=time.now, sleep=lambda seconds: time.sleep(seconds + 0.03))
    pacer.acquire()
    first = pacer.reserve()
    time.value = first + 0.026
    assert pacer.expired(first)
    assert pacer.lost == 1


def test_a_refusal_stops_everybody_who_shares_the_budget(tmp_path: Path, time: Time, slots: FileSlots) -> None:
    """After a 429 in one process no process gets a slot before the back-off is over."""
    other = FileSlots(tmp_path / "slots", now=time.now)
    slots.postpone(2.5)
    assert other.reserve(INTERVAL) == pytest.approx(2.5)
    other.close()


def test_requests_outside_of_the_budget_are_charged(slots: FileSlots) -> None:
    """Fifty requests sent a moment ago push the next slot back by as many slots."""
    slots.charge(50, 0.02, ago=0.4)
    assert slots.reserve(0.02) == pytest.approx(0.6)


def test_a_slot_of_another_boot_does_not_count(time: Time, slots: FileSlots) -> None:
    """A budget file that is left from before a restart of the machine does not stop a run."""
    slots.postpone(3000.0)
    time.value = 0.0
    assert slots.reserve(INTERVAL) == 0.0


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[str]:
    """The URL of a private Redis."""
    if shutil.which("redis-server") is None:
        pytest.skip("needs redis-server")
    pytest.importorskip("redis")
    socket = tmp_path / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--daemonize", "no"]
    command += ["--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - a private server of this test
    assert server.stdout is not None
    assert any("eady to accept connections" in line for line in server.stdout)
    yield f"unix://{socket}"
    server.terminate()
    server.wait()
    server.stdout.close()


@pytest.mark.parametrize("server", ["redis", "postgresql"])
def test_machines_share_slots_on_a_server(request: pytest.FixtureRequest, server: str) -> None:
    """Two clients of one server reserve one after the other, by its clock; a refusal stops both, and a budget of
    another name neither."""
    if server == "redis":
        url = request.getfixturevalue("redis_server")
    else:
        pytest.importorskip("psycopg")
        url = request.getfixturevalue("postgresql")().replace("postgresql+psycopg://", "postgresql://")
    one, two, other = (open_slots(f"{url}#{key}") for key in ("slots", "slots", "other"))
    waits = [store.reserve(100.0) for store in (one, two, one)]
    assert waits[0] == 0.0
    assert 190 < waits[2] <= 200.0
    assert 90 < waits[1] <= 100.0
    one.postpone(1000.0)
    one.charge(10, 5.0, ago=0.0)
    assert 1040 < two.reserve(1.0) <= 1050
    assert other.reserve(1.0) == 0.0
    for store in (one, two, other):
        store.close()


def test_a_password_stays_out_of_the_work_file() -> None:
    """The place of a budget is written without what gives access to it; a file keeps its name."""
    assert without_secret("postgresql://me:hidden@db:5432/load#runs") == "postgresql://db:5432/load#runs"
    assert without_secret("redis://:hidden@cache/0") == "redis://cache/0"
    assert without_secret("/tmp/a@b.slots") == "/tmp/a@b.slots"  # noqa: S108 - a name only
