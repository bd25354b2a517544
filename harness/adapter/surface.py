"""The HTTP surface of a backend, as plans/backend.yaml describes it. Bodies are raw, in memory only."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import new as hmac_of
from typing import Any
from urllib.parse import parse_qsl, quote

from harness.client import ApiClient, Call, NoBudget
from harness.core import Clock, Exchange, Secret
from harness.plan.backend import Address, BackendPlan

SIGNATURE = "X-Rutter-Signature"
MOST_PAGES = 200
MOST_KEPT = 7
"""Answers of one address that are kept beside the newest."""


def signed(content: bytes, secret: Secret) -> str:
    """The signature of these bytes. Source: [D:implementation-guides/webhooks]."""
    digest = hmac_of(secret.reveal().encode(), content, sha256).digest()
    return "sha256=" + b64encode(digest).decode("ascii")


class Surface:
    """Sends what the plan says. `last` is the newest exchange; answers are remembered for the scan for secrets."""

    def __init__(self, plan: BackendPlan, base_url: str, clock: Clock) -> None:
        self.plan = plan
        self._seen: dict[str, list[bytes]] = {}
        self.last: Exchange | None = None
        self._client: ApiClient[Exchange] = ApiClient(
            base_url, budget=NoBudget(), clock=clock, record=lambda exchange: exchange
        )

    @property
    def seen(self) -> dict[str, bytes]:
        """What was answered at each address, headers and bodies: the first answers and the newest one."""
        return {place: b"\n".join(answers) for place, answers in self._seen.items()}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(
        self, address: Address, *, body: Any = None, query: Sequence[tuple[str, str]] = (), **names: str
    ) -> Exchange:
        """One request to an address of the plan, its names filled in."""
        method, _, path = address.partition(" ")
        for name, value in names.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        path, _, own = path.partition("?")
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Accept": "*/*"} if body is None else {"Accept": "*/*", "Content-Type": "application/json"}
        pairs = (*parse_qsl(own, keep_blank_values=True), *query)
        return self._sent(Call(method, path, pairs, headers, content))

    def deliver(self, content: bytes, signature: str | None) -> Exchange:
        """One webhook, with this signature or none."""
        headers = {"Content-Type": "application/json"} | ({SIGNATURE: signature} if signature is not None else {})
        return self._sent(Call("POST", self.plan.webhooks or "", (), headers, content))

    def exchange(self, token: Secret) -> tuple[int | None, str | None]:
        """Hand over a public token as a browser does: the status, and the connection's id when there is one."""
        asked = self.plan.exchange
        assert asked is not None
        body = {key: token.reveal() if value == "{public_token}" else value for key, value in asked.body.items()}
        answer = self.ask(asked.request, body=body)
        found = told(answer)
        id = found.get(asked.connection) if isinstance(found, Mapping) else None
        return answer.status, id if isinstance(id, str) and answer.status == 200 else None

    def connections(self) -> dict[str, dict[str, Any]] | None:
        """What the backend lists, by the API's id; None when it cannot be read."""
        asked = self.plan.connections
        assert asked is not None
        rows = _at(told(self.ask(asked.request)), asked.rows)
        return None if rows is None else {str(row[asked.id]): row for row in rows if asked.id in row}

    def state(self, id: str) -> str | None:
        """The word for the health of a connection; None when there is none."""
        asked = self.plan.connections
        row = (self.connections() or {}).get(id)
        value = row.get(asked.state) if row is not None and asked is not None and asked.state is not None else None
        return value if isinstance(value, str) else None

    def rows(self, id: str, resource: str) -> dict[str, dict[str, Any]] | None:
        """Every mirrored row, by id; None when they cannot be read."""
        asked = self.plan.data
        assert asked is not None
        found: dict[str, dict[str, Any]] = {}
        query: tuple[tuple[str, str], ...] = ()
        for _ in range(MOST_PAGES):
            page = told(self.ask(asked.request, query=query, connection_id=id, resource=asked.resources[resource]))
            rows = _at(page, asked.rows)
            if rows is None:
                return None
            found |= {str(row[asked.id]): row for row in rows if asked.id in row}
            following = page.get(asked.next) if asked.next is not None and isinstance(page, Mapping) else None
            if not following:
                break
            query = ((asked.next_parameter, str(following)),)
        return found

    def _sent(self, call: Call) -> Exchange:
        self.last = self._client.send(call, retry=False)
        if self.last.response is not None:
            head = "\n".join(f"{name}: {value}" for name, value in self.last.response.headers)
            answers = self._seen.setdefault(f"an answer to {call.method} {call.path}", [])
            del answers[MOST_KEPT:]
            answers.append(head.encode() + b"\n\n" + self.last.response.body)
        return self.last


def sample(exchange: Exchange, name: str) -> float | None:
    """A sample of a Prometheus text by its name with labels; None when it is not there."""
    text = exchange.response.body.decode("utf-8", "replace") if exchange.response is not None else ""
    for line in text.splitlines():
        left, _, value = line.rpartition(" ")
        if left.strip() == name:
            try:
                return float(value)
            except ValueError:
                return None
    return None


def told(exchange: Exchange) -> Any:
    """The JSON body of an answer; None when it is none."""
    try:
        return json.loads(exchange.response.body) if exchange.response is not None else None
    except ValueError:
        return None


def _at(body: Any, key: str) -> list[dict[str, Any]] | None:
    rows = body if isinstance(body, list) else body.get(key) if isinstance(body, Mapping) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None
