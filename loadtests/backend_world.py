"""An emulator and reference backends beside it, as the proofs of the backend use them: loopback only."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from hmac import new as hmac_of
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from harness.backend import BackendProcess, BackendSettings
from harness.backend.vault import new_key
from harness.core import Secret
from harness.emulator import EmulatorProcess, EmulatorSettings

HOOKS = "/webhooks/rutter"
LINK_TRIES = 5
"""An emulator that makes books for many connections at once may not answer in time."""
VERSION = {"X-Rutter-Version": "2024-08-31"}


def signed(content: bytes, secret: str) -> str:
    """The signature of a webhook. Source: [D:implementation-guides/webhooks]."""
    return "sha256=" + b64encode(hmac_of(secret.encode(), content, sha256).digest()).decode()


class World:
    """One emulator, the settings of backends on one database, and a client."""

    def __init__(self, folder: Path, database: str | None, emulated: EmulatorSettings, **given: Any) -> None:
        self.folder = folder
        self.emulator = EmulatorProcess.start(emulated)
        environment = self.emulator.environment()
        self.auth = (environment["RUTTER_CLIENT_ID"], environment["RUTTER_CLIENT_SECRET"])
        self.key = new_key()
        kept = {"rate": "off", "idle_seconds": 0.05, "poll_seconds": 3600.0, **given}
        self.settings = BackendSettings(
            base_url=self.emulator.base_url, client_id=self.auth[0], client_secret=Secret(self.auth[1]),
            vault_keys=(Secret(self.key),), database=database or f"sqlite:///{folder / 'backend.sqlite3'}", **kept,
        )  # fmt: skip
        self.http = httpx.Client(timeout=60)

    def backend(self, **changed: Any) -> BackendProcess:
        """One more backend on the same database."""
        return BackendProcess.start(replace(self.settings, **changed))

    def admin(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """What may be done to the emulator beside its API."""
        root = self.emulator.base_url.removesuffix("/versioned")
        answer = self.http.request(method, f"{root}/_emulator/{path}", json=body)
        answer.raise_for_status()
        return dict(answer.json())

    def link(self, url: str, platform: str = "QUICKBOOKS") -> str:
        """Connect a platform as an end user does, through a backend; the connection's id."""
        made = self.admin("POST", "link", platform=platform)
        for _ in range(LINK_TRIES):
            answer = self.http.post(f"{url}/link/exchange", json={"public_token": made["public_token"]})
            if answer.status_code == 200:
                return str(made["connection_id"])
        raise SystemExit(f"the token was not exchanged: {answer.status_code} {answer.text}")

    def unfinished(self) -> int:
        """Connections that are not ready yet at the API."""
        answer = self.http.get(f"{self.emulator.base_url}/connections", params={"status": "any"}, headers=VERSION,
                               auth=self.auth)  # fmt: skip
        found = answer.raise_for_status().json()["connections"]
        return sum(item["status"] != "active" for item in found)

    def token(self, id: str) -> str:
        """A connection's access token, from the API itself: a backend shows none."""
        answer = self.http.get(f"{self.emulator.base_url}/connections", params={"status": "any"}, headers=VERSION,
                               auth=self.auth)  # fmt: skip
        return next(str(item["access_token"]) for item in answer.json()["connections"] if item["id"] == id)

    def ledger(self, token: str, resource: str) -> dict[str, Any]:
        """Every row of a list at the API, by id."""
        rows: dict[str, Any] = {}
        query = {"access_token": token, "limit": "500"}
        while True:
            answer = self.http.get(f"{self.emulator.base_url}/accounting/{resource}", params=query, headers=VERSION,
                                   auth=self.auth)  # fmt: skip
            page = answer.raise_for_status().json()
            rows |= {row["id"]: row for row in page[resource]}
            if not page.get("next_cursor"):
                return rows
            query["cursor"] = page["next_cursor"]

    def mirrored(self, url: str, id: str, resource: str) -> dict[str, Any]:
        """Every mirrored row of a backend, by id."""
        rows: dict[str, Any] = {}
        after = ""
        while True:
            answer = self.http.get(f"{url}/connections/{id}/data/{resource}", params={"after": after, "limit": "500"})
            page = answer.raise_for_status().json()
            rows |= {row["id"]: row for row in page["rows"]}
            after = page["next"]
            if not after:
                return rows

    def connections(self, url: str) -> list[dict[str, Any]]:
        """What a backend lists."""
        return list(self.http.get(f"{url}/connections").json()["connections"])

    def until_healthy(self, url: str, patience: float = 120.0) -> None:
        """Return once every connection of a backend has its whole history."""
        deadline = time.monotonic() + patience
        while any(item["state"] != "healthy" for item in self.connections(url)):
            if time.monotonic() > deadline:
                raise SystemExit(f"connections are not healthy after {patience:g} s")
            time.sleep(0.1)

    def api_requests(self, url: str) -> dict[str, int]:
        """Requests that a backend sent to the API, by status."""
        found = {}
        for line in self.http.get(f"{url}/metrics").text.splitlines():
            if line.startswith("golive_api_requests_total{"):
                found[line.split('"')[1]] = int(float(line.rpartition(" ")[2]))
        return found


@contextmanager
def world(database: str | None, emulated: EmulatorSettings, **given: Any) -> Iterator[World]:
    """A world in a folder of its own, gone afterwards. Backends are ended by whoever started them."""
    with TemporaryDirectory(prefix="golive-backend-") as folder:
        made = World(Path(folder), database, emulated, **given)
        try:
            yield made
        finally:
            made.http.close()
            made.emulator.stop()


def event(kind: str, verb: str, connection: str, id: str, number: int) -> bytes:
    """The bytes of an entity event; `number` makes equal events of different edits differ, as their times do."""
    body = {"type": kind, "code": f"{kind}_{verb}", "connection_id": connection, "number": number,
            kind.lower(): {"id": id}}  # fmt: skip
    return json.dumps(body, separators=(",", ":")).encode()
