"""Writes through the reference backend: whatever the API answers, the object is made once and its end is known."""

import httpx
import pytest

from harness.backend import BackendProcess, BackendSettings
from harness.backend.vault import new_key
from harness.core import Secret
from harness.emulator import EmulatorProcess, EmulatorSettings


@pytest.fixture(scope="module")
def double():
    """One emulator for all of these tests."""
    process = EmulatorProcess.start(
        EmulatorSettings(
            rate_limit=0, connections=("QUICKBOOKS",), linked_books="empty", initial_batch_seconds=0.05, async_delay=0.2
        )
    )
    yield process
    process.stop()


@pytest.fixture(scope="module")
def backend(double, tmp_path_factory):
    """One backend for all of these tests."""
    environment = double.environment()
    process = BackendProcess.start(
        BackendSettings(
            base_url=double.base_url, client_id=environment["RUTTER_CLIENT_ID"],
            client_secret=Secret(environment["RUTTER_CLIENT_SECRET"]), vault_keys=(Secret(new_key()),), rate="off",
            database=f"sqlite:///{tmp_path_factory.mktemp('writes') / 'backend.sqlite3'}", idle_seconds=0.02,
            look_seconds=(0.05, 0.1), poll_seconds=3600.0, not_ready_seconds=0.2,
        )
    )  # fmt: skip
    yield process
    process.stop()


@pytest.fixture(scope="module")
def http():
    """A client."""
    with httpx.Client(timeout=30) as client:
        yield client


def admin(http, double, path, **body):
    """What a test may do to the double."""
    return http.post(f"{double.base_url.removesuffix('/versioned')}/_emulator/{path}", json=body).raise_for_status()


@pytest.fixture(scope="module")
def connection(http, double, backend, eventually):
    """A connected platform with its whole history read."""
    admin(http, double, "webhooks", url=f"{backend.url}/webhooks")
    made = admin(http, double, "link", platform="QUICKBOOKS").json()
    http.post(f"{backend.url}/link/exchange", json={"public_token": made["public_token"]}).raise_for_status()
    listed = f"{backend.url}/connections"
    assert eventually(lambda: http.get(listed).json()["connections"][0]["state"] == "healthy")
    return made["connection_id"]


@pytest.mark.parametrize(
    ("fault", "state", "tries"),
    [
        ((), "done", 1),
        (("error_after:status=500,count=1,method=POST",), "done", 1),
        (("error_before:status=500,count=1,method=POST",), "done", 2),
        (("drop_after:count=1,method=POST",), "done", 1),
        (("slow_platform:method=POST",), "done", 1),
    ],
    ids=["plain", "5xx although done", "5xx and not done", "no answer", "async"],
)
def test_a_write_makes_one_object_whatever_is_answered(
    http, double, backend, connection, fault, state, tries, request, eventually
):
    """After a 5xx the object is looked for, a new key is taken only when it is nowhere, and jobs are followed."""
    reference = request.node.callspec.id.replace(" ", "-")
    vendor = {"vendor_name": f"Vendor {reference}", "contact_name": "Key", "currency_code": "USD"}
    admin(http, double, "faults", on=list(fault))
    address = f"{backend.url}/connections/{connection}/writes/vendors"
    given = {"reference": reference, "body": {"vendor": vendor}}
    try:
        assert [http.post(address, json=given).status_code for _ in range(2)] == [202, 202]
        shown = f"{backend.url}/writes/{reference}"
        ended = eventually(lambda: (found := http.get(shown).json())["ended"] and found)
    finally:
        admin(http, double, "faults", on=[])
    assert (ended["state"], ended["tries"]) == (state, tries), ended
    mirrored = f"{backend.url}/connections/{connection}/data/vendors"

    def named():
        rows = http.get(mirrored, params={"limit": 500}).json()["rows"]
        return [row["id"] for row in rows if row["vendor_name"] == vendor["vendor_name"]]

    assert eventually(named) == [ended["id"]]


def test_a_refused_write_says_why_and_a_reference_is_one_write(http, backend, connection, eventually):
    """Input that the API refuses ends as failed with its code; another body under the same reference is a 409."""
    address = f"{backend.url}/connections/{connection}/writes/vendors"
    given = {"reference": "refused", "body": {"vendor": {"vendor_name": 7}}}
    assert http.post(address, json=given).status_code == 202
    shown = f"{backend.url}/writes/refused"
    ended = eventually(lambda: (found := http.get(shown).json())["ended"] and found)
    assert ended["state"] == "failed"
    assert ended["problem"].startswith("HTTP 400")
    assert http.post(address, json={**given, "body": {"vendor": {}}}).status_code == 409
    assert http.post(address, json={"reference": "x" * 60, "body": {}}).status_code == 400
