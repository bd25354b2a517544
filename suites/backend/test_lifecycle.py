"""The life of a connection: each state that the API tells is shown, and what happened meanwhile is caught up."""

import pytest

from harness.checks.backend import State


def _shows(judge, case, rig, id, state):
    words = rig.plan.connections.states.get(state, ())
    if not words:
        rig.drive.inconclusive(f"plans/backend.yaml has no words for {state} in connections.states")
    allowed = rig.patience("fresh_within")
    seen, passed = rig.until(lambda: rig.backend.state(id), lambda word: word in words, allowed)
    judge(State(case.id, case.platform, None, state, words, seen, passed, rig.cite()), "backend.state")


@pytest.mark.case("backend.lifecycle.reauth")
def test_a_connection_needs_reauthentication_and_comes_back(judge, case, rig, mirrored):
    """A connection that needs re-authentication is shown as such; after it, it works, and what was edited is there."""
    rig.needs("exchange", "connections", "data", "webhooks")
    id = rig.connected()
    edited = min(rig.ledger(id))
    rig.world.admin("POST", "connection_state", id=id, status="needs_reauth")
    _shows(judge, case, rig, id, "needs_reauth")
    rig.world.edit(id, "vendors", edited, vendor_name="Edited while cut off")
    rig.world.admin("POST", f"connections/{id}/authenticate")
    _shows(judge, case, rig, id, "healthy")
    mirrored(id, "backend.recovers", "after a re-authentication", "recovered_within")


@pytest.mark.case("backend.lifecycle.disabled")
def test_a_disabled_connection_is_shown(judge, case, rig):
    """A connection that the API disables is shown as disabled, and as working once it is enabled."""
    rig.needs("exchange", "connections", "data", "webhooks")
    id = rig.connected()
    rig.world.admin("POST", "connection_state", id=id, status="disabled", reason="SHOP_IS_LOCKED")
    _shows(judge, case, rig, id, "disabled")
    rig.world.admin("POST", f"connections/{id}/authenticate")
    _shows(judge, case, rig, id, "healthy")
