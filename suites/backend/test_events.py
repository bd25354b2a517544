"""Webhooks at the backend: only rightly signed ones count, in any order, however often, however many at once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.adapter.surface import signed
from harness.checks.backend import Burst, Forged, samples
from harness.core import Secret

BURST, SENDERS = 200, 8
CODES = ("VENDOR_UPDATED", "VENDOR_CREATED", "VENDOR_DELETED")


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
    """The webhooks of three edits and a deletion, sent once more from the last to the first, change nothing."""
    rig.needs("exchange", "data", "webhooks")
    id = rig.connected()
    edited, gone = sorted(rig.ledger(id))[:2]
    before = set(rig.world.deliveries(id, CODES))
    for number in range(3):
        rig.world.edit(id, "vendors", edited, vendor_name=f"In order {number}")
    rig.world.edit(id, "vendors", gone, vendor_name="Soon gone")
    rig.world.remove(id, "vendors", gone)
    mirrored(id, "backend.order", "after three edits and a deletion", "fresh_within")
    for delivery in reversed([item for item in rig.world.deliveries(id, CODES) if item not in before]):
        rig.world.admin("POST", f"webhooks/deliveries/{delivery}/replay")
    rig.clock.sleep(0.3)
    mirrored(id, "backend.order", "after the same webhooks backwards", "fresh_within")


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

    def waiting():
        answer = rig.backend.ask(rig.plan.metrics)
        return samples(answer.response.body.decode() if answer.response else "").get(rig.plan.queue)

    left, _ = rig.until(waiting, lambda found: found == 0, rig.patience("recovered_within"))
    if left is None:
        rig.drive.inconclusive(f"the metrics have no {rig.plan.queue}: name the one that counts waiting webhooks")
    judge(Burst(case.id, case.platform, None, answers, rig.patience("acknowledged_within"), left,
                (*evidence, *rig.cite())), "backend.queue")  # fmt: skip
