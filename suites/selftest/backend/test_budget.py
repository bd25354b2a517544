"""The rate budget of a backend: no window sees more than the limit, and nearly all of it is used."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from harness.backend.budget import JITTER, DatabaseLog, FileLog, LogBudget
from harness.backend.database import Database

LIMIT, WINDOW = 20, 0.5


class Hands:
    """A clock that is moved by hand; sleeping moves it."""

    def __init__(self):
        self.time = 1000.0

    def now(self):
        """The time of this clock."""
        return self.time

    def sleep(self, seconds):
        """Move it."""
        self.time += seconds


def most_in_a_window(moments):
    """The most moments in any window."""
    moments = sorted(moments)
    return max(sum(first <= other < first + WINDOW for other in moments) for first in moments)


def test_a_file_permits_a_window_at_once_and_the_rest_as_places_come_free(tmp_path):
    """The first L requests wait for nothing; each other one for the window and the jitter after the one L before it."""
    clock = Hands()
    log = FileLog(tmp_path / "rate", LIMIT, WINDOW, now=clock.now)
    budget = LogBudget(log, LIMIT, WINDOW, now=clock.now, sleep=clock.sleep)
    turns, sent = budget.turns(), []
    for _ in range(5 * LIMIT + 1):
        turns.acquire()
        sent.append(clock.time)
    assert sent[LIMIT - 1] == sent[0]
    assert [round(sent[turn * LIMIT] - sent[0], 6) for turn in range(6)] == [
        round(turn * (WINDOW + JITTER), 6) for turn in range(6)
    ]
    assert budget.used() == 1 / LIMIT


def test_a_slow_answer_delays_its_place(tmp_path):
    """A request may have arrived as late as its answer: the one that takes its place is a whole window after that."""
    clock = Hands()
    log = FileLog(tmp_path / "rate", 2, WINDOW, now=clock.now)
    turns = LogBudget(log, 2, WINDOW, now=clock.now, sleep=clock.sleep).turns()
    begun = clock.time
    turns.acquire()
    clock.sleep(0.3)
    turns.answered()
    turns.acquire()
    clock.sleep(JITTER / 2)
    turns.answered()
    turns.acquire()
    assert clock.time == pytest.approx(begun + 0.3 + WINDOW)
    turns.acquire()
    assert clock.time == pytest.approx(begun + 0.3 + WINDOW + JITTER)


class Distant:
    """A log whose clock is looked at `seconds` after it was asked: on a busy database others come first."""

    def __init__(self, log, clock):
        self._log, self._clock, self.seconds = log, clock, 0.0

    def reserve(self):
        """Take the next place."""
        self._clock.sleep(self.seconds)
        return self._log.reserve()

    def delay(self, place, seconds):
        """The request of a place arrived late."""
        self._log.delay(place, seconds)

    def late(self, place):
        """How late the requests of a place have been."""
        return self._log.late(place)


def test_a_log_that_is_slow_to_answer_sends_nothing_too_early(tmp_path):
    """A wait is counted from when the log looked at its clock at the earliest, not from when it was asked."""
    clock = Hands()
    log = Distant(FileLog(tmp_path / "rate", 1, WINDOW, now=clock.now), clock)
    turns, sent = LogBudget(log, 1, WINDOW, now=clock.now, sleep=clock.sleep).turns(), []
    for log.seconds in (0.0, 0.3, 0.0, 0.4):
        turns.acquire()
        sent.append(clock.time)
        turns.answered()
    assert [later - sooner >= WINDOW for sooner, later in pairwise(sent)] == [True, True, True]


def test_another_limit_begins_anew(tmp_path):
    """A file that was kept for another limit is not misread."""
    clock = Hands()
    log = FileLog(tmp_path / "rate", 1, WINDOW, now=clock.now)
    log.reserve()
    log.close()
    log = FileLog(tmp_path / "rate", 2, WINDOW, now=clock.now)
    assert [log.reserve().wait, log.reserve().wait] == [0.0, 0.0]
    assert log.reserve().wait > WINDOW


def test_a_file_of_another_boot_does_not_count(tmp_path):
    """Places far in the future are those of a machine whose clock began anew."""
    clock = Hands()
    clock.time = 1e7
    log = FileLog(tmp_path / "rate", 1, WINDOW, now=clock.now)
    log.reserve()
    clock.time = 10.0
    assert log.reserve().wait == 0.0


def test_who_waits_for_a_place_hears_that_it_was_taken_late(tmp_path):
    """A place that is reserved again before its request has its answer is free a window after that answer."""
    clock = Hands()
    log = FileLog(tmp_path / "rate", 1, WINDOW, now=clock.now)
    slow = LogBudget(log, 1, WINDOW, now=clock.now, sleep=clock.sleep).turns()
    begun = clock.time

    def sleep(seconds):
        if clock.time < begun + 0.3 <= clock.time + seconds:
            seconds -= begun + 0.3 - clock.time
            clock.time = begun + 0.3
            slow.answered()
        clock.sleep(seconds)

    slow.acquire()
    LogBudget(log, 1, WINDOW, now=clock.now, sleep=sleep).turns().acquire()
    assert clock.time == pytest.approx(begun + 0.3 + WINDOW)


@pytest.mark.parametrize("place", ["file", "postgresql"])
def test_several_holders_keep_the_limit_together(tmp_path, request, place):
    """Holders with logs of their own, as processes have, keep the limit in each window, though some arrive late."""
    url = request.getfixturevalue("postgresql")() if place == "postgresql" else None
    databases = [Database(url) for _ in range(2)] if url else []
    logs = ([DatabaseLog(database, LIMIT, WINDOW) for database in databases] if url
            else [FileLog(tmp_path / "rate", LIMIT, WINDOW) for _ in range(2)])  # fmt: skip
    budgets = [LogBudget(log, LIMIT, WINDOW) for log in logs]
    sent, lock = [], threading.Lock()

    def send(number):
        turns = budgets[number % 2].turns()
        turns.acquire()
        if number % 7 == 0:
            time.sleep(0.2)  # a slow way
        with lock:
            sent.append(time.monotonic())
        turns.answered()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(send, range(3 * LIMIT + 5)))
    for database in databases:
        database.close()
    assert most_in_a_window(sent) <= LIMIT
