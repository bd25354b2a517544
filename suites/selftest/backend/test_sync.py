"""The reference backend against the double over real sockets: link, mirror, freshness, deletes, outages, removal."""

import base64
import json

import httpx
import pytest
from sqlalchemy import create_engine, text

from harness.backend import BackendProcess, BackendSettings
from harness.backend.vault import new_key
from harness.core import Secret
from harness.core.spellings import forms
from harness.core.unwrapping import hides, tokens
from harness.emulator import EmulatorProcess, EmulatorSettings


class World:
    """A double, a backend beside it, and a client for both."""

    def __init__(self, folder, database=None, **emulated):
        self.emulator = EmulatorProcess.start(EmulatorSettings(rate_limit=0, connections=("QUICKBOOKS",), **emulated))
        environment = self.emulator.environment()
        self.root = self.emulator.base_url.removesuffix("/versioned")
        self.token = environment["RUTTER_ACCESS_TOKEN_QUICKBOOKS"]
        self.auth = (environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"])
        self.folder = folder
        self.settings = BackendSettings(
            base_url=self.emulator.base_url, client_id=self.auth[0], client_secret=Secret(self.auth[1]),
            vault_keys=(Secret(new_key()),), rate="off",
            database=database or f"sqlite:///{folder / 'backend.sqlite3'}",
            idle_seconds=0.02, poll_seconds=3600.0, not_ready_seconds=0.2,
        )  # fmt: skip
        self.backend = BackendProcess.start(self.settings, folder / "backend.log")
        self.http = httpx.Client(timeout=30)

    def close(self):
        """End everything."""
        self.http.close()
        self.backend.stop()
        self.emulator.stop()

    def admin(self, method, path, **body):
        """What a test may do to the double."""
        answer = self.http.request(method, f"{self.root}/_emulator/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def api(self, path, **query):
        """A read at the API, as any client would."""
        query = {"access_token": self.token, **query}
        headers = {"X-Rutter-Version": "2024-08-31"}
        return self.http.get(self.emulator.base_url + path, params=query, headers=headers, auth=self.auth).json()

    def ledger(self, resource):
        """Every row of a list at the API, by id."""
        rows, cursor = {}, None
        while True:
            page = self.api(f"/accounting/{resource}", limit=500, **({"cursor": cursor} if cursor else {}))
            rows |= {row["id"]: row for row in page[resource]}
            cursor = page.get("next_cursor")
            if not cursor:
                return rows

    def mirrored(self, id, resource):
        """Every mirrored row, by id."""
        rows, after = {}, ""
        while True:
            page = self.http.get(
                f"{self.backend.url}/connections/{id}/data/{resource}", params={"after": after, "limit": 500}
            ).json()
            rows |= {row["id"]: row for row in page["rows"]}
            after = page["next"]
            if not after:
                return rows

    def only(self):
        """The one connection of the backend."""
        return self.http.get(f"{self.backend.url}/connections").json()["connections"][0]


@pytest.fixture
def world(tmp_path):
    """Starts worlds; they end with the test."""
    made = []

    def begin(**emulated):
        made.append(World(tmp_path, **emulated))
        return made[-1]

    yield begin
    for item in made:
        item.close()


def connections(world):
    """All connections as the API lists them."""
    headers = {"X-Rutter-Version": "2024-08-31"}
    answer = world.http.get(
        f"{world.emulator.base_url}/connections", params={"status": "any"}, headers=headers, auth=world.auth
    )
    return answer.json()["connections"]


def linked(world):
    """Connect a platform as an end user does, and hand its public token to the backend: (connection id, token)."""
    made = world.admin("POST", "link", platform="QUICKBOOKS")
    answer = world.http.post(f"{world.backend.url}/link/exchange", json={"public_token": made["public_token"]})
    assert answer.status_code == 200, answer.text
    # What a customer's backend never shows is read from the API itself.
    tokens = {item["id"]: item["access_token"] for item in connections(world)}
    world.token = tokens[made["connection_id"]]
    return made["connection_id"], made["public_token"]


def hear(world):
    """Register the backend's address for webhooks, as the dashboard does."""
    world.admin("POST", "webhooks", url=f"{world.backend.url}/webhooks/rutter")


def any_in(secrets, content):
    """Whether one of the secrets stands in some bytes."""
    return any(secret.encode() in content for secret in secrets)


def complete(world, eventually, id, resource):
    """The mirrored rows once they equal the ledger."""
    return eventually(lambda: world.mirrored(id, resource), lambda rows: bool(rows) and rows == world.ledger(resource))


BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"])


@BOTH
def test_a_public_token_makes_one_connection_and_its_data_arrives(world, eventually, database, request):
    """A token that the browser hands over twice is exchanged once; afterwards the mirror equals the ledger."""
    url = request.getfixturevalue("postgresql")() if database == "postgresql" else None
    place = world(database=url, linked_books="seeded", initial_batch_seconds=0.05)
    id, token = linked(place)
    again = place.http.post(f"{place.backend.url}/link/exchange", json={"public_token": token})
    assert again.json() == {"connection_id": id}
    assert [item["id"] for item in place.http.get(f"{place.backend.url}/connections").json()["connections"]] == [id]
    eventually(place.only, lambda found: found["state"] == "healthy" and len(found["counts"]) > 15)
    for resource in ("bills", "vendors", "invoices"):
        ledger = place.ledger(resource)
        assert complete(place, eventually, id, resource) == ledger, resource
        assert len(ledger) > 10


def test_killed_in_the_middle_of_a_sync_it_goes_on_where_it_was(world, eventually):
    """A backend that is killed during the initial sync ends up with the same mirror after its restart."""
    place = world(linked_books="seeded", initial_batch_seconds=0.05)
    id, _ = linked(place)
    eventually(place.only, lambda found: found["counts"])
    place.backend.kill()
    place.backend = BackendProcess.start(place.settings)
    for resource in ("accounts", "journal_entries"):
        assert complete(place, eventually, id, resource) == place.ledger(resource)


def test_a_rename_is_one_at_the_api_too(world):
    """A new name is that of the connection at the API as well; one that it refuses changes nothing, and is told."""
    place = world(linked_books="empty", initial_batch_seconds=0.05)
    (first, _), (second, _) = linked(place), linked(place)

    def renamed(id, name):
        return place.http.post(f"{place.backend.url}/connections/{id}/rename", json={"name": name}).status_code

    def names():
        here = {
            item["id"]: item["name"]
            for item in place.http.get(f"{place.backend.url}/connections").json()["connections"]
        }
        there = {item["id"]: item["name"] for item in connections(place)}
        return [(here[id], there[id]) for id in (first, second)]

    before = names()[1]
    assert renamed(first, "The books of Ada") == 303
    assert names() == [("The books of Ada", "The books of Ada"), before]
    assert [renamed(second, name) for name in ("The books of Ada", "x" * 31, " ", "a\0b")] == [400] * 4
    assert names() == [("The books of Ada", "The books of Ada"), before]


def left_of(place, id):
    """How many rows of the only connection each table of the backend still has."""
    tables = ("mirror", "cursors", "wishes", "connections", "tombstones", "exchanges", "writes")
    engine = create_engine(place.settings.database)
    with engine.connect() as left:
        found = {name: left.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in tables}  # noqa: S608 - our tables
        found["inbox"] = left.execute(text("SELECT count(*) FROM inbox WHERE connection_id = :id"), {"id": id}).scalar()
    engine.dispose()
    return {name: count for name, count in found.items() if count}


@BOTH
def test_no_token_is_anywhere_and_disconnecting_removes_all(world, eventually, dump, database, request):
    """After a run with all that tokens come into, a scan of the database, the logs and the pages finds none of them in
    any encoding; after disconnecting nothing of the connection is left, here or at the API."""
    url = request.getfixturevalue("postgresql")() if database == "postgresql" else None
    place = world(database=url, linked_books="seeded", initial_batch_seconds=0.05, async_delay=0.1)
    hear(place)
    refused = "public-token-that-nobody-made"
    address = f"{place.backend.url}/link/exchange"
    assert place.http.post(address, json={"public_token": refused}).status_code == 400
    id, public_token = linked(place)
    eventually(place.only, lambda found: found["state"] == "healthy" and found["counts"].get("bills"))
    for fault in ("slow_platform:method=POST", "error_after:status=500,count=1,method=POST"):
        place.admin("POST", "faults", on=[fault])
        vendor = {"vendor_name": fault, "contact_name": "Ada", "currency_code": "USD"}
        written = {"reference": fault[:20], "body": {"vendor": vendor}}
        place.http.post(f"{place.backend.url}/connections/{id}/writes/vendors", json=written).raise_for_status()
        shown = f"{place.backend.url}/writes/{fault[:20]}"
        assert eventually(lambda shown=shown: place.http.get(shown).json()["ended"])
        place.admin("POST", "faults", on=[])
    place.admin("POST", "connection_state", id=id, status="needs_reauth")
    eventually(place.only, lambda found: found["state"] == "needs_reauth")
    assert place.http.post(f"{place.backend.url}/connections/{id}/sync").status_code == 303
    place.admin("POST", f"connections/{id}/authenticate")
    eventually(place.only, lambda found: found["state"] == "healthy")
    place.http.post(f"{place.backend.url}/webhooks", content=f'{{"access_token":"{place.token}"}}')
    pages = ("/", "/connections", f"/connections/{id}", f"/connections/{id}/data/bills", "/events", "/health",
             "/metrics", "/dead-letters", "/golive/queue", f"/writes/{fault[:20]}")  # fmt: skip
    html = {"Accept": "text/html"}
    shown = b"".join(place.http.get(place.backend.url + page, headers=how).content for page in pages
                     for how in ({}, html))  # fmt: skip
    before = eventually(lambda: dump(place.settings.database), lambda held: b"JOB_COMPLETED" in held)
    assert b"JOB_COMPLETED" in before
    assert b"CONNECTION_NEEDS_UPDATE" in before
    assert place.http.post(f"{place.backend.url}/connections/{id}/disconnect").json() == {"disconnected": id}
    assert place.http.get(f"{place.backend.url}/connections").json()["connections"] == []
    assert id not in {item["id"] for item in connections(place)}
    place.backend.process.terminate()
    told = place.backend.process.stdout.read().encode() + (place.folder / "backend.log").read_bytes()
    lines = [json.loads(line) for line in (place.folder / "backend.log").read_text().splitlines()]
    assert {"request", "api"} <= {line["message"] for line in lines}
    assert all(line["request_id"] for line in lines if line["message"] == "request")
    assert all(line["api_request_id"] for line in lines if line["message"] == "api")
    exchanged = [line for line in lines if line.get("path") in {"/link/exchange", "/item/public_token/exchange"}]
    assert len({line["request_id"] for line in exchanged}) == 2  # what it asked for belongs to the request
    texts = before + dump(place.settings.database) + shown + told
    secrets = [place.token, public_token, refused, place.auth[1], *(key.reveal() for key in place.settings.vault_keys)]
    for secret in secrets:
        assert [form for form in forms(secret) if form.encode() in texts] == []
    assert [token for token in set(tokens(texts)) if hides(token, lambda inner: any_in(secrets, inner))] == []
    # The search itself: a token twice encoded is seen.
    planted = base64.b64encode(base64.b64encode(f"token={place.token}".encode())).decode()
    assert hides(planted, lambda inner: any_in(secrets, inner))
    assert left_of(place, id) == {}
