"""What tests of several rooms use: patience, and a private PostgreSQL where they hold on more than one database."""

import os
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url

ROOT = Path(__file__).parents[2]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:  # noqa: ARG001 - the hook names it
    """One worker more than processors: tests of servers wait a third of their time, for time-outs and back-offs."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """What a module shares is made once."""
    from suites.selftest.spreading import ModuleScheduling

    return ModuleScheduling(config, log)


@pytest.fixture(scope="session")
def eventually():
    """`eventually(look, wanted)` is what `look` gives once `wanted` says so, or what it gave at the end of patience."""

    def waits(look, wanted=bool, patience=60.0):
        deadline = time.monotonic() + patience
        while not wanted(found := look()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    return waits


@pytest.fixture(scope="session")
def postgresql():
    """Makes empty PostgreSQL databases on a private server: `postgresql()` is a URL. Skips where there is no server."""
    command = [sys.executable, str(ROOT / "loadtests" / "private_postgresql.py")]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    server = subprocess.Popen(command, text=True, **pipes)  # noqa: S603 - our own interpreter
    line = server.stdout.readline()
    if line:
        url = make_url(line.split()[1])
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        numbers = count()

        def fresh():
            name = f"test{next(numbers)}"
            with engine.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
            return url.set(database=name).render_as_string(hide_password=False)

        yield fresh
        engine.dispose()
    _, reason = server.communicate()
    if not line:
        pytest.skip(reason.strip())
