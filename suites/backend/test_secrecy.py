"""What the backend shows of itself: health and metrics, and no secret anywhere. After all other cases."""

from glob import glob
from pathlib import Path

import pytest

from harness.checks.backend import Observed, Shown


@pytest.mark.case("backend.health")
def test_the_backend_can_be_watched(judge, case, rig):
    """The backend says that it is well, and shows metrics."""
    rig.needs("health", "metrics")
    health = rig.backend.ask(rig.plan.health).status
    evidence = rig.cite()
    answer = rig.backend.ask(rig.plan.metrics)
    metrics = (answer.status, answer.response.body.decode() if answer.response else "")
    judge(Observed(case.id, case.platform, None, health, metrics, (*evidence, *rig.cite())), "backend.observable")


@pytest.mark.case("backend.secrecy")
def test_no_secret_is_anywhere(judge, case, rig):
    """No token and no key is in any answer of this run, in the pages, or in the files that the backend wrote."""
    rig.needs("exchange", "connections", "data", "files", "pages")
    id = rig.connected()
    for address in rig.plan.pages:
        rig.backend.ask(address, connection_id=id)
    rig.cite()
    places = dict(rig.backend.seen)
    for pattern in rig.files:
        for name in sorted(glob(pattern, recursive=True)):  # noqa: PTH207 - the patterns are absolute
            places[f"the file {Path(name).name}"] = Path(name).read_bytes()
    if not any(place.startswith("the file") for place in places):
        rig.drive.inconclusive(f"no file is there: {', '.join(rig.files)}")
    judge(Shown(case.id, case.platform, None, places, tuple(rig.secrets)), "backend.token_secret")
