"""Emulators of their own for the tests of this folder, called as an integrator calls them."""

from datetime import UTC, datetime

import httpx
import pytest

from harness.emulator import EmulatorProcess, EmulatorSettings

VERSION = {"X-Rutter-Version": "2024-08-31"}
START = datetime(2026, 12, 1, 12, tzinfo=UTC)
"""Where the frozen clocks of the tests stand at first."""


class Double:
    """One emulator: its API, and what a test may do to it beside the API."""

    def __init__(self, process):
        self.process = process
        self.environment = process.environment()
        self.root = process.base_url.removesuffix("/versioned")
        self.auth = (self.environment["RUTTER_CLIENT_ID"], self.environment["RUTTER_CLIENT_SECRET"])
        self.http = httpx.Client(timeout=30)

    def api(self, method, path, *, token=None, headers=None, **options):
        """A request to the API."""
        query = dict(options.pop("params", {}))
        if token is not None:
            query["access_token"] = token
        return self.http.request(method, self.process.base_url + path, params=query, auth=self.auth,
                                 headers={**VERSION, **(headers or {})}, **options)  # fmt: skip

    def rows(self, path, token, **params):
        """All objects of a list, by id."""
        answer = self.api("GET", path, token=token, params={"limit": 500, **params})
        assert answer.status_code == 200, answer.text
        return {row["id"]: row for row in answer.json()[path.rpartition("/")[2]]}

    def own(self, method, path, body=None):
        """A request to `/_emulator`; its answer must be a success."""
        answer = self.http.request(method, f"{self.root}/_emulator/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def advance(self, seconds):
        """Move the frozen clock."""
        return self.own("POST", "clock", {"advance": seconds})

    def token(self, platform):
        """The access token of a platform's connection of the start."""
        return self.environment[f"RUTTER_ACCESS_TOKEN_{platform}"]

    def connection(self, id):
        """A connection as `GET /connections` lists it."""
        listed = self.api("GET", "/connections", params={"status": "any"}).json()["connections"]
        return next(item for item in listed if item["id"] == id)

    def link(self, platform):
        """(id, access token) of a connection that Link makes."""
        made = self.own("POST", "link", {"platform": platform})
        body = {"client_id": self.auth[0], "secret": self.auth[1], "public_token": made["public_token"]}
        exchanged = self.api("POST", "/item/public_token/exchange", json=body).json()
        assert exchanged["connection_id"] == made["connection_id"]
        return exchanged["connection_id"], exchanged["access_token"]


@pytest.fixture(scope="module")
def start():
    """Starts emulators that are stopped after the module: `start(frozen=True, **settings)`."""
    running = []

    def starting(*, frozen=True, **settings):
        instant = START if frozen else None
        double = Double(EmulatorProcess.start(EmulatorSettings(rate_limit=0, frozen_at=instant, **settings)))
        running.append(double)
        return double

    yield starting
    for double in running:
        double.http.close()
        double.process.stop()


@pytest.fixture(scope="module", params=["memory", "postgresql"])
def database(request):
    """Where an emulator keeps its state: the same tests hold on both."""
    return None if request.param == "memory" else request.getfixturevalue("postgresql")()
