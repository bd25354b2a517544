"""Events: what is deleted is told of."""

import pytest

from harness.checks.organisation import Deletions, Shaped


@pytest.mark.case("config.events")
def test_events_are_deletions(judge, drive, case):
    """The events are deletions, each once, of what was asked for; there are none on a platform that tells of none."""
    for asked in (frozenset(), frozenset({"BILL"})):
        query = {"type": "object_deleted", **({"resources": ",".join(asked)} if asked else {})}
        page = drive.send("GET", "/events", query=query, resource="events", operation="list")
        judge(Shaped(case.id, case.platform, "events", page, drive.contract, "ListEventResponse"), "config.schema")
        judge(Deletions(case.id, case.platform, "events", (page,), asked, None), "config.events")
