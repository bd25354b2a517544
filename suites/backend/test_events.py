"""Webhooks at the backend: only rightly signed ones count, in any order, however often, however many at once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.adapter.surface import signed
from harness.checks.backend import Burst, Forged
from harness.core import Secret

BURST, SENDERS = 200, 8
LATE, PATIENCE = 0.5, 10.0
"""Seconds by which webhooks are overtaken, and that all of them may take."""


def _event(kind, verb, connection, id, number=0):
    body = {"type": kind, "code": f"{kind}_{verb}", "connection_id": connection, kind.lower(): [{"id": id}],
            "number": number}  # fmt: skip
    return json.dumps(body, separators=(",", ":")).encode()


@pytest.mark.case("backend.webhooks.forged")
def test_a_forged_webhook_has_no_effect(judge, case, rig):
    """A deletion that nobody signed rightly is refused, and the object stays."""
    rig.needs("exchange", "data", "webhooks")
    id = rig.connected()
    row = min(rig.ledger(id))
    content = _event("VENDOR", "DELETED", id, row)
    right = signed(content, rig.address.client_secret)
    for kind, signature in (
        ("missing", None),
        ("that of another secret", signed(content, Secret("golive-another-secret"))),
        ("cut off", right[:-4]),
        ("that of another body", signed(content + b" ", rig.address.client_secret)),
    ):
        answer = rig.backend.deliver(content, signature)
        evidence = rig.cite()
        gone, _ = rig.until(lambda: row not in (rig.backend.rows(id, "vendors") or ()), bool, 0.1)
        judge(Forged(case.id, case.platform, None, kind, answer.status, gone, evidence), "backend.forged")


@pytest.mark.case("backend.webhooks.order")
def test_webhooks_may_come_twice_and_in_any_order(rig, mirrored):
    """An edit whose webhook overtakes that of the edit before it, then a deletion whose webhook overtakes that of an
    edit, each webhook twice, leave what the API says now."""
    rig.needs("exchange", "data", "webhooks")
    id = rig.connected()
    edited, gone = sorted(rig.ledger(id))[:2]
    try:
        for row, overtaking, after in (
            (edited, lambda: rig.world.edit(id, "vendors", edited, vendor_name="The second edit"), "two edits"),
            (gone, lambda: rig.world.remove(id, "vendors", gone), "an edit and a deletion"),
        ):
            rig.world.admin("POST", "webhooks/abuse", delay=LATE, duplicate=1.0)
            rig.world.edit(id, "vendors", row, vendor_name="The first edit")
            rig.world.admin("POST", "webhooks/abuse", duplicate=1.0)
            overtaking()
            rig.until(lambda: rig.world.undelivered(id), lambda count: count == 0, PATIENCE)
            rig.worked_off(PATIENCE)
            mirrored(id, "backend.order", f"after the webhooks of {after} in the wrong order", "fresh_within")
    finally:
        rig.world.admin("POST", "webhooks/abuse")


@pytest.mark.case("backend.webhooks.queue")
def test_a_burst_of_webhooks_is_taken_in_and_worked_off(judge, case, rig):
    """A burst of webhooks is acknowledged at once, each of them, and the queue runs empty."""
    rig.needs("exchange", "webhooks", "metrics", "queue")
    id = rig.connected()
    bodies = [_event("VENDOR", "UPDATED", id, "golive-no-vendor", number) for number in range(BURST)]

    def deliver(content):
        answer = rig.backend.deliver(content, signed(content, rig.address.client_secret))
        return answer.status, answer.elapsed

    with ThreadPoolExecutor(SENDERS) as pool:
        answers = tuple(pool.map(deliver, bodies))
    evidence = rig.cite()
    left = rig.worked_off(rig.patience("recovered_within"))
    if left is None:
        rig.drive.inconclusive(f"the metrics have no {rig.plan.queue}: name the one that counts waiting webhooks")
    judge(Burst(case.id, case.platform, None, answers, rig.patience("acknowledged_within"), left,
                (*evidence, *rig.cite())), "backend.queue")  # fmt: skip
