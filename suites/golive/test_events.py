"""Events: what is deleted is told of."""

import pytest

from harness.checks.oracle import millis
from harness.checks.organisation import Deletions, Shaped, tells_of

TYPE = "object_deleted"


@pytest.mark.case("config.events")
def test_events_are_deletions(judge, drive, case):
    """The events are deletions, each once, of what was asked for; there are none on a platform that tells of none."""
    for asked in (frozenset(), frozenset({"BILL"})):
        _events(judge, drive, case, asked, None)


@pytest.mark.case("roundtrip.told")
def test_a_deletion_is_told(proof, judge, drive, case):
    """What was deleted is in the events of its resource from then on. How soon is UNKNOWN: a sync may have to pass."""
    write, _ = proof.create()
    since = (write.entity or {}).get("updated_at")
    removal = drive.delete(proof.name, write.id)
    if not removal.ok:
        drive.inconclusive("the delete was refused: there is nothing to tell of")
    page = _events(judge, drive, case, frozenset({case.params["event"]}), since)
    if not tells_of((page,), write.id):
        drive.inconclusive(
            f"/events does not tell of the deleted {proof.described.entity} yet: a sync may have to pass"
        )


def _events(judge, drive, case, asked, since):
    query = {"type": TYPE, **({"resources": ",".join(asked)} if asked else {})}
    if millis(since) is not None:
        query["last_synced_at_min"] = millis(since)
    page = drive.send("GET", "/events", query=query, resource="events", operation="list")
    judge(Shaped(case.id, case.platform, "events", page, drive.contract, "ListEventResponse"), "config.schema")
    judge(Deletions(case.id, case.platform, "events", (page,), asked, since), "config.events")
    return page
