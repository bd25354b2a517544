"""Configuration: webhooks, sync, connections, as the API's own endpoints tell."""

from pathlib import Path

import pytest

from harness.checks.config import Counts, Credentials, Health, Settings, webhooks
from harness.checks.errors import Failing
from harness.checks.organisation import Listing, Named, Shaped, Twice
from harness.drive import separate_credentials

SHOWN = frozenset({"active", "not_ready", "unhealthy"})
"""What the list of connections holds when no status is asked for. Source: [S24] /connections."""

ALWAYS = ("accounts", "vendors", "customers", "products", "items")
"""What is synced in full. Source: [D:implementation-guides/configuring-platform-data-sync]."""
PAGE = 100
"""More rows than a run makes of what it cannot delete."""

FEW = 2
"""Disabled connections that are tried."""
REFUSALS = frozenset(range(400, 500))
"""What a disabled connection may be answered: which of them is UNKNOWN."""
NOT_SET = frozenset({404, 410})
"""A connection may have no sync configuration of its own. UNKNOWN how that is answered."""


@pytest.mark.case("config.webhooks.essential_events")
def test_the_essential_events_are_sent(judge, drive, case):
    """An enabled webhook endpoint receives the seven essential events."""
    answer = drive.send("GET", "/configs/webhooks", token=None)
    judge(Settings(case.id, case.platform, None, answer), "config.essential_events")


@pytest.mark.case("config.webhooks.endpoint")
def test_a_webhook_endpoint_is_enabled(judge, drive, case):
    """There is an enabled webhook endpoint with an https address; each is of documented form and the same by its id."""
    answer = drive.send("GET", "/configs/webhooks", token=None)
    judge(Settings(case.id, case.platform, None, answer), "config.endpoint")
    for number, item in enumerate(webhooks(answer) or ()):
        _shaped(judge, drive, case, answer, "WebhookConfigResponse", item)
        if number == 0 and isinstance(item.get("id"), str):
            single = drive.send("GET", f"/configs/webhooks/{item['id']}", token=None)
            subject = Twice(case.id, case.platform, None, item, single.body, (answer.id, single.id))
            judge(subject, "config.same_by_id")


@pytest.mark.case("config.sync_batches")
def test_the_initial_sync_is_batched(judge, drive, case):
    """The initial sync comes in at least two batches, and an incremental sync is set up, in the documented form."""
    answer = drive.send("GET", f"/configs/sync/platforms/{case.platform}", token=None)
    judge(Settings(case.id, case.platform, None, answer), "config.sync_batches")
    _shaped(judge, drive, case, answer, "SyncConfiguration")
    own = drive.send("GET", f"/configs/sync/connections/{drive.connection.id}", token=None)
    if own.status not in NOT_SET:
        _shaped(judge, drive, case, own, "SyncConfiguration")


@pytest.mark.case("config.connections.health")
def test_the_connection_is_healthy(judge, drive, case):
    """The connection is healthy, ready, enabled, needs no re-authentication, and is the one that was asked about."""
    answer = drive.send("GET", "/connections/status")
    judge(Health(case.id, case.platform, None, answer, None), "config.health")
    _shaped(judge, drive, case, answer, "GetConnectionStatusResponse")
    wanted = {"status.platform": case.platform, "connection.platform": case.platform,
              "connection.id": drive.connection.id}  # fmt: skip
    judge(Named(case.id, case.platform, None, answer, wanted), "config.identity")
    name = _long_list(drive)
    if name is not None:
        page = drive.page(name, limit=PAGE)
        rows = page.body.get(drive.contract.resource(name).list_key or name) if page.ok else None
        others = [row for row in rows or () if isinstance(row, dict) and row.get("id") not in drive.session.made]
        judge(Counts(case.id, case.platform, None, answer, name, len(others), page.id), "config.counts")


def _long_list(drive):
    """A list of the plans whose rows are synced from the platform, whatever the sync looks back to."""
    known = [resource for platform, resource in drive.session.requirements if platform == drive.platform]
    return next((name for name in ALWAYS if name in known), None)


@pytest.mark.case("config.connections.token")
def test_the_token_is_of_its_connection(judge, drive, case):
    """The access token belongs to the connection that the organisation lists."""
    answer = drive.send("GET", "/connections/access_token")
    _shaped(judge, drive, case, answer, "GetAccessTokenConnectionResponse")
    wanted = {"connection.id": drive.connection.id, "connection.platform": case.platform,
              "connection.disabled": False, "connection.needs_update": False}  # fmt: skip
    judge(Named(case.id, case.platform, None, answer, wanted), "config.identity")


@pytest.mark.case("config.connections.listed")
def test_the_connection_is_listed(judge, drive, case):
    """The connection is in the organisation's list, once, callable, with its platform; the list keeps its status."""
    answer = drive.send("GET", "/connections", token=None)
    _shaped(judge, drive, case, answer, "ListConnectionsResponse")
    judge(Listing(case.id, case.platform, None, answer, None, SHOWN), "config.status_filter")
    rows = answer.body.get("connections") if answer.ok else None
    wanted = drive.connection.id
    listed = next((row for row in rows or () if isinstance(row, dict) and row.get("id") == wanted), None)
    judge(Health(case.id, case.platform, None, answer, listed), "config.listed")
    for status in ("active", "disabled"):
        answer = drive.send("GET", "/connections", query={"status": status}, token=None)
        judge(Listing(case.id, case.platform, None, answer, status, frozenset({status})), "config.status_filter")
    found = drive.raw(answer) if answer.ok else None
    for row in (found or {}).get("connections", ())[:FEW] if isinstance(found, dict) else ():
        _refused(judge, drive, case, row)


def _refused(judge, drive, case, row):
    """Judge that a disabled connection answers no data."""
    platform, token = (
        (row.get(name) for name in ("platform", "access_token")) if isinstance(row, dict) else (None, None)
    )
    lists = [item for item in drive.contract.resources.values() if item.is_paged and item.supports("list", platform)]
    if isinstance(token, str) and lists:
        drive.session.redactor.learn("access_token", token)
        answer = drive.send("GET", lists[0].operations["list"].path, query={"limit": 1}, token=token)
        judge(Failing(case.id, case.platform, None, answer, "to a disabled connection", REFUSALS, frozenset()),
              "config.disabled")  # fmt: skip


def _shaped(judge, drive, case, answer, schema, *part):
    judge(Shaped(case.id, case.platform, None, answer, drive.contract, schema, *part), "config.schema")


@pytest.mark.case("config.credentials")
def test_staging_and_production_are_two_organisations(judge, drive, case):
    """The credentials of staging and production in golive.toml differ."""
    found = separate_credentials(Path(case.params["settings_file"]))
    if found is None:
        drive.inconclusive("golive.toml does not hold credentials of both staging and production")
    mark = drive.session.redactor.fingerprint
    staging, production = (
        (mark(found[name].client_id.reveal()), mark(found[name].client_secret.reveal()))
        for name in ("staging", "production")
    )
    judge(Credentials(case.id, case.platform, None, staging, production), "config.credentials")
