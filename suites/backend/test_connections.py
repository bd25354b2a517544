"""Rutter Link as the backend sees it: the token exchange, and the end of a connection."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.checks.backend import Exchanged, Removed, Worthless
from harness.core import Secret

FORGED = "golive-forged-public-token"
EXPIRY = 3700
"""Seconds after which a public token is not taken any more. UNKNOWN; an emulator says half an hour."""


@pytest.mark.case("backend.link.once")
def test_a_public_token_makes_one_connection(judge, case, rig):
    """A public token that is handed over twice at once, and again later, makes one connection."""
    rig.needs("exchange", "connections")
    linked = rig.link()
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: rig.backend.exchange(linked.public_token), range(2)))
    answers.append(rig.backend.exchange(linked.public_token))
    evidence = rig.cite()
    if answers[-1][1] == linked.id:
        rig.adopt(linked)
    listed = sum(id == linked.id for id in rig.backend.connections() or ())
    judge(Exchanged(case.id, case.platform, None, tuple(answers), listed, linked.id, (*evidence, *rig.cite())),
          "backend.token_once")  # fmt: skip


@pytest.mark.case("backend.link.refused")
def test_a_worthless_public_token_is_refused(judge, case, rig):
    """A public token that nobody gave out, or that has expired, makes no connection."""
    rig.needs("exchange", "connections")
    expired = rig.link().public_token
    rig.world.admin("POST", "clock", advance=EXPIRY)
    for kind, token in (("made up", Secret(FORGED)), ("expired", expired)):
        before = len(rig.backend.connections() or ())
        status, _ = rig.backend.exchange(token)
        evidence = rig.cite()
        after = len(rig.backend.connections() or ())
        judge(Worthless(case.id, case.platform, None, kind, status, before, after, evidence), "backend.token_refused")


@pytest.mark.case("backend.disconnect")
def test_a_disconnect_removes_everything(judge, case, rig):
    """A connection that is disconnected while its data still comes is gone at the API and in the backend, with it."""
    rig.needs("exchange", "connections", "data", "disconnect")
    linked = rig.link()
    rig.backend.exchange(linked.public_token)
    rig.until(lambda: rig.backend.rows(linked.id, "vendors"), bool, rig.patience("recovered_within"))
    answer = rig.backend.ask(rig.plan.disconnect, connection_id=linked.id)
    evidence = rig.cite()
    listed = linked.id in (rig.backend.connections() or ())
    rows = len(rig.backend.rows(linked.id, "vendors") or ())
    at_api = linked.id in rig.world.connections()
    judge(Removed(case.id, case.platform, None, answer.status, listed, rows, at_api, (*evidence, *rig.cite())),
          "backend.removed")  # fmt: skip
