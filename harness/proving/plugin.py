"""Turns a pytest session on `suites/golive` into a bench: collected once, then driven by orders, one line each.

Loaded with `-p harness.proving.plugin` by `harness.proving.pool` and by nothing else.
"""

import os
from pathlib import Path

import pytest

from harness.proving.bench import Bench, by_case
from harness.proving.orders import BenchOrder, Trial
from harness.pytest_plugin.hooks import PROCESS, SELECTION

ORDER: pytest.StashKey[BenchOrder] = pytest.StashKey()
BENCH: pytest.StashKey[Bench] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the one option."""
    parser.getgroup("golive").addoption("--golive-bench", metavar="FILE", help="set-up of a bench, as JSON")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the emulator, open the session of the drive, say what is to be collected."""
    config = session.config
    order = BenchOrder.loads(Path(config.getoption("golive_bench")).read_text(encoding="utf-8"))
    bench = Bench(order)
    config.stash[ORDER], config.stash[BENCH] = order, bench
    config.stash[SELECTION], config.stash[PROCESS] = bench.selection, bench.process


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Run trials until there are no more orders, instead of every collected test once."""
    order, bench = session.config.stash[ORDER], session.config.stash[BENCH]
    items = by_case(session.items)
    with os.fdopen(order.commands, "r") as commands, os.fdopen(order.answers, "w") as answers:
        for line in commands:
            answers.write(bench.run(Trial.loads(line), items).dumps())
            answers.flush()
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the bench before the run's own end: there is no report to write."""
    bench = session.config.stash.get(BENCH, None)
    if bench is not None:
        del session.config.stash[PROCESS]
        bench.close()
