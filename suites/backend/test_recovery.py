"""What goes wrong between the API and the backend, and whether the backend mends it by itself."""

from datetime import timedelta

import pytest

from harness.checks.backend_data import Limited

AWAY, LIMITED = 0.7, 1.2
"""Seconds that the API is away, and that it answers nothing but 429."""
YEARS = timedelta(days=4 * 365)


@pytest.mark.case("backend.polling")
def test_missed_webhooks_are_repaired_by_polling(rig, mirrored):
    """An edit and a deletion whose webhooks never came are in the backend after it polled, and again after the next
    ones: a single time could be the end of something that was under way."""
    rig.needs("exchange", "data")
    id = rig.connected()
    rig.world.admin("POST", "webhooks/abuse", drop=1.0)
    try:
        for number in range(2):
            edited, gone = sorted(rig.ledger(id))[:2]
            rig.world.edit(id, "vendors", edited, vendor_name=f"Nobody told {number}")
            rig.world.remove(id, "vendors", gone)
            mirrored(id, "backend.polled", "after an edit and a deletion without webhooks", "polled_within")
    finally:
        rig.world.admin("POST", "webhooks/abuse", drop=0.0)


@pytest.mark.case("backend.recovery.outage")
def test_an_outage_of_the_api_is_caught_up(rig, mirrored):
    """Edits that happen while the API answers 503 are in the backend after it came back."""
    rig.needs("exchange", "data", "webhooks")
    id = rig.connected()
    edited = min(rig.ledger(id))
    rig.world.faults("error_before:status=503,route=/accounting/vendors")
    try:
        rig.world.edit(id, "vendors", edited, vendor_name="Edited in an outage")
        rig.clock.sleep(AWAY)
    finally:
        rig.world.faults()
    mirrored(id, "backend.recovers", "after an outage of the API", "recovered_within")


@pytest.mark.case("backend.recovery.rate_limit")
def test_a_rate_limited_backend_waits(judge, case, rig, mirrored):
    """While the API answers 429 to everything, the backend asks rarely; afterwards it catches up."""
    rig.needs("exchange", "data", "webhooks")
    id = rig.connected()
    edited = min(rig.ledger(id))
    rig.world.faults("rate_limit_storm")
    try:
        rig.world.edit(id, "vendors", edited, vendor_name="Edited in a storm")
        rig.clock.sleep(LIMITED)
        requests = rig.world.met()
    finally:
        rig.world.faults()
    judge(Limited(case.id, case.platform, None, requests, LIMITED, rig.plan.calm, rig.cite()), "backend.paused")
    mirrored(id, "backend.recovers", "after the API answered 429", "recovered_within")


@pytest.mark.case("backend.backfill")
def test_a_backfill_arrives_beside_edits(rig, mirrored):
    """History that a backfill brings without webhooks arrives, and an edit that is made meanwhile too."""
    rig.needs("exchange", "data")
    id = rig.connected()
    before = rig.ledger(id, "bills")
    start = rig.world.now() - YEARS
    rig.world.backfill(id, rig.drive.contract.resource("bills").entity, f"{start:%Y-%m-%d}")
    rig.world.edit(id, "vendors", min(rig.ledger(id)), vendor_name="Edited beside a backfill")
    rows, _ = rig.until(lambda: rig.ledger(id, "bills"), lambda rows: rows != before, 10.0)
    if rows == before:
        rig.drive.inconclusive("the backfill brought nothing: there is nothing to judge")
    mirrored(id, "backend.backfilled", "after a backfill", "polled_within", "bills")
    mirrored(id, "backend.backfilled", "after an edit beside a backfill", "polled_within")
