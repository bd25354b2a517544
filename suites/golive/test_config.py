"""Configuration: webhooks, sync, connections, as the API's own endpoints tell."""

from pathlib import Path

import pytest

from harness.checks.config import Credentials, Health, Settings
from harness.drive import separate_credentials


@pytest.mark.case("config.webhooks.essential_events")
def test_the_essential_events_are_sent(judge, drive, case):
    """An enabled webhook endpoint receives the seven essential events."""
    answer = drive.send("GET", "/configs/webhooks", token=None)
    judge(Settings(case.id, case.platform, None, answer), "config.essential_events")


@pytest.mark.case("config.webhooks.endpoint")
def test_a_webhook_endpoint_is_enabled(judge, drive, case):
    """There is an enabled webhook endpoint with an https address."""
    answer = drive.send("GET", "/configs/webhooks", token=None)
    judge(Settings(case.id, case.platform, None, answer), "config.endpoint")


@pytest.mark.case("config.sync_batches")
def test_the_initial_sync_is_batched(judge, drive, case):
    """The initial sync comes in at least two batches, and an incremental sync is set up."""
    answer = drive.send("GET", f"/configs/sync/platforms/{case.platform}", token=None)
    judge(Settings(case.id, case.platform, None, answer), "config.sync_batches")


@pytest.mark.case("config.connections.health")
def test_the_connection_is_healthy(judge, drive, case):
    """The connection is healthy, ready, enabled, and needs no re-authentication."""
    answer = drive.send("GET", "/connections/status")
    judge(Health(case.id, case.platform, None, answer, None), "config.health")


@pytest.mark.case("config.connections.listed")
def test_the_connection_is_listed(judge, drive, case):
    """The connection is in the organisation's list, callable, with its platform."""
    answer = drive.send("GET", "/connections", query={"status": "any"}, token=None)
    rows = answer.body.get("connections") if answer.ok else None
    wanted = drive.connection.id
    listed = next((row for row in rows or () if isinstance(row, dict) and row.get("id") == wanted), None)
    judge(Health(case.id, case.platform, None, answer, listed), "config.listed")


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
