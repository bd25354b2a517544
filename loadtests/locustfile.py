"""The load test ahead of a rollout stage. `golive rollout STAGE` runs it; `locust -f loadtests/locustfile.py` too.

Without a prepared test (`GOLIVE_LOAD`) it prepares one for the stage in `GOLIVE_STAGE` (default: the first) against the
target that the environment names (`RUTTER_BASE_URL` and friends, as `golive emulator` prints them).
"""

import os
from pathlib import Path

from locust import events
from locust.runners import WorkerRunner

from harness.rollout.locust_adapter import WORK, OpenLoop, connect
from harness.rollout.work import Work


class Integration(OpenLoop):
    """What the connections of a stage do, together."""


@events.init.add_listener
def _prepare(environment, **_):
    prepared = WORK in os.environ
    if not prepared:
        from harness.cli.rollout_work import prepare_from_environment

        if isinstance(environment.runner, WorkerRunner):
            raise SystemExit(f"set {WORK} to the load.json that the process which leads has prepared")
        os.environ.update(prepare_from_environment(os.environ.get("GOLIVE_STAGE")))
    connect(environment, Work.load(Path(os.environ[WORK])), quit_when_done=prepared)
