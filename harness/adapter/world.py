"""The world of a backend: an emulator, through its API and through what may be done to it beside that."""

import json
from datetime import datetime
from typing import Any

from harness.adapter.address import RigAddress
from harness.client import ApiClient, Call, NoBudget
from harness.client.api import basic
from harness.core import Clock, Exchange, Secret
from harness.errors import HarnessError

VERSION = "2024-08-31"


class EmulatedWorld:
    """What end users, the platforms and the network do. HarnessError when the emulator refuses: that is no finding."""

    def __init__(self, address: RigAddress, clock: Clock) -> None:
        self._client: ApiClient[Exchange] = ApiClient(
            address.world, budget=NoBudget(), clock=clock, record=lambda exchange: exchange
        )
        self._tokens: dict[str, Secret] = {}
        self._headers = {
            "Authorization": basic(address.client_id, address.client_secret.reveal()),
            "X-Rutter-Version": VERSION,
            "Content-Type": "application/json",
        }

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def admin(self, method: str, path: str, **body: Any) -> Any:
        """Something beside the API: `/_emulator/{path}`."""
        return self._json(method, f"/_emulator/{path}", body or None)

    def now(self) -> datetime:
        """What the emulator's clock says."""
        return datetime.fromisoformat(str(self.admin("GET", "clock")["now"]))

    def link(self, platform: str) -> tuple[str, Secret]:
        """An end user connects a platform: (connection id, public token)."""
        made = self.admin("POST", "link", platform=platform)
        return str(made["connection_id"]), Secret(str(made["public_token"]))

    def connections(self) -> dict[str, dict[str, Any]]:
        """Every connection that the API lists, by id."""
        found = self._json("GET", "/versioned/connections", None, status="any")
        return {item["id"]: item for item in found["connections"]}

    def token(self, id: str) -> Secret:
        """The access token of a connection."""
        if id not in self._tokens:
            self._tokens[id] = Secret(str(self.connections()[id]["access_token"]))
        return self._tokens[id]

    def status(self, id: str) -> dict[str, Any]:
        """What the API says of a connection's health."""
        token = self.token(id).reveal()
        return dict(self._json("GET", "/versioned/connections/status", None, access_token=token)["status"])

    def ledger(self, id: str, path: str, key: str) -> dict[str, dict[str, Any]]:
        """Every row of a list at the API, by id."""
        rows: dict[str, dict[str, Any]] = {}
        query = {"access_token": self.token(id).reveal(), "limit": "500"}
        while True:
            page = self._json("GET", f"/versioned{path}", None, **query)
            rows |= {row["id"]: row for row in page[key]}
            if not page.get("next_cursor"):
                return rows
            query["cursor"] = page["next_cursor"]

    def backfill(self, id: str, entity: str, start: str) -> None:
        """Ask the API for history, without webhooks. Source: [S24] /connections/backfill."""
        body = {"start_date": start, "object_types": [entity], "include_webhooks": False}
        self._json("POST", "/versioned/connections/backfill", body, access_token=self.token(id).reveal())

    def edit(self, id: str, resource: str, row: str, **change: Any) -> None:
        """A change in the platform's own software."""
        self.admin("PATCH", f"platform/{id}/{resource}/{row}", **change)

    def remove(self, id: str, resource: str, row: str) -> None:
        """A deletion in the platform's own software."""
        self.admin("DELETE", f"platform/{id}/{resource}/{row}")

    def faults(self, *names: str) -> None:
        """Switch these faults on and all others off."""
        self.admin("POST", "faults", on=list(names))

    def met(self) -> int:
        """Requests that met the faults that are on."""
        return sum(int(item["met"]) for item in self.admin("GET", "faults")["on"])

    def arrived(self) -> int:
        """Requests that reached the API since this was asked last."""
        return sum(self.admin("GET", "arrivals")["arrivals"].values())

    def undelivered(self, id: str) -> int:
        """How many webhooks of a connection are still on their way."""
        return len(
            self._json("GET", "/_emulator/webhooks/deliveries", None, connection=id, state="waiting")["deliveries"]
        )

    def _json(self, method: str, path: str, body: Any, **query: str) -> Any:
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        call = Call(method, path, tuple(query.items()), self._headers, content)
        exchange = self._client.send(call, retry=False)
        if exchange.response is None or exchange.response.status != 200:
            told = exchange.problem.message if exchange.problem else exchange.response and exchange.response.body[:200]
            raise HarnessError(f"the emulator refused {method} {path}: {exchange.status} {told!r}")
        return json.loads(exchange.response.body)
