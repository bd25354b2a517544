"""What the backend mirrors: all of it, fresh, and nothing that is gone."""

import pytest

from harness.checks.backend_data import Fresh, spread

EDITS = 20


@pytest.mark.case("backend.data.arrives")
def test_the_data_of_a_new_connection_arrives(rig, mirrored):
    """Every list that the backend mirrors is, row by row, what the API lists."""
    rig.needs("exchange", "data")
    id = rig.connected()
    for resource in rig.plan.data.resources:
        mirrored(id, "backend.arrives", "after the initial sync", "recovered_within", resource)


@pytest.mark.case("backend.freshness")
def test_edits_on_the_platform_show_soon(judge, case, rig):
    """Edits in the platform's software show in the backend, 95 of 100 within the time of the plan."""
    rig.needs("exchange", "data", "webhooks")
    id = rig.connected()
    name = (rig.compared("vendors") or {"vendor_name": "vendor_name"}).get("vendor_name", "vendor_name")
    chosen = sorted(rig.ledger(id))
    took = []
    patience = 3 * rig.patience("fresh_within")
    for number in range(EDITS):
        row, wanted = chosen[number % len(chosen)], f"Fresh {number}"
        rig.world.edit(id, "vendors", row, vendor_name=wanted)
        rows, passed = rig.until(
            lambda: rig.backend.rows(id, "vendors") or {},
            lambda rows, row=row, wanted=wanted: rows.get(row, {}).get(name) == wanted, patience,
        )  # fmt: skip
        shown = rows.get(row, {}).get(name) == wanted
        took.append(passed if shown else None)
        if not shown:
            break
    evidence = rig.cite(freshness=spread([passed for passed in took if passed is not None]))
    judge(Fresh(case.id, case.platform, None, tuple(took), rig.patience("fresh_within"), evidence), "backend.fresh")


@pytest.mark.case("backend.data.deleted")
def test_what_is_deleted_goes_away(rig, mirrored):
    """A vendor that is deleted in the platform's software is gone from the backend."""
    rig.needs("exchange", "data", "webhooks")
    id = rig.connected()
    rig.world.remove(id, "vendors", max(rig.ledger(id)))
    mirrored(id, "backend.deleted", "after a deletion", "fresh_within")
