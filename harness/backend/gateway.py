"""The way to the API: one rate budget for all processes, and pauses that every worker respects."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.backend.budget import LogBudget
from harness.backend.connections import Connections
from harness.backend.pauses import ORGANISATION, Pauses
from harness.backend.settings import BackendSettings
from harness.client import ApiClient, Call, NoBudget
from harness.client.api import basic
from harness.core import Clock, Exchange, Secret

LOG = logging.getLogger("golive.backend.api")
_CODE = re.compile(r"[A-Za-z_]{1,60}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API answered: `status` None when there was no answer, `body` None when it was no JSON."""

    status: int | None
    body: Any

    @property
    def ok(self) -> bool:
        """Whether it is the one documented success."""
        return self.status == 200 and isinstance(self.body, dict | list)


class Paused(Exception):
    """The API asked for a rest; `seconds` until the next request may be sent."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.1f} s")
        self.seconds = seconds


class Gateway:
    """Sends requests for connections. One per thread; `count` is told the status of every answer, and the class of
    an error."""

    def __init__(
        self, settings: BackendSettings, pauses: Pauses, connections: Connections, budget: LogBudget | None,
        clock: Clock, count: Callable[[int | None, str | None], None],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._pauses = pauses
        self._connections = connections
        self._count = count
        self.failures = 0
        """Requests in a row that had no answer, or a 5xx."""
        self._turns = budget.turns() if budget else None
        self._client: ApiClient[Exchange] = ApiClient(
            settings.base_url, budget=self._turns or NoBudget(), clock=clock, record=_same
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def call(
        self, method: str, path: str, *, connection_id: str | None = None, query: Mapping[str, Any] | None = None,
        body: Any = None, key: str | None = None,
    ) -> Reply:  # fmt: skip
        """One request, never repeated here. Paused when the API wants a rest."""
        self._respect(connection_id)
        pairs = [(name, str(value)) for name, value in (query or {}).items()]
        if connection_id is not None:
            token = self._connections.token(connection_id)
            if token is None:
                return Reply(401, None)
            pairs.append(("access_token", token.reveal()))
        headers = {
            "Authorization": basic(self._settings.client_id, self._settings.client_secret.reveal()),
            "X-Rutter-Version": self._settings.version,
            "Accept": "application/json",
        }
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        exchange = self._client.send(Call(method, path, tuple(pairs), headers, content), retry=False)
        if self._turns:
            self._turns.answered()
        body_of = _json(exchange)
        self._tell(exchange, path, connection_id, body_of)
        self.failures = self.failures + 1 if exchange.status is None or exchange.status >= 500 else 0
        self._heed(exchange, connection_id)
        return Reply(exchange.status, body_of)

    def _tell(self, exchange: Exchange, path: str, connection_id: str | None, body: Any) -> None:
        """Count the answer by its status and, when it is an error, by its class; log it with the API's own id of it."""
        good = exchange.status == 200
        kind = None if good else _class_of(exchange, body)
        self._count(exchange.status, kind)
        fields = {"method": exchange.request.method, "path": path, "status": exchange.status, "error": kind,
                  "connection": connection_id, "ms": round(exchange.elapsed * 1000, 1),
                  "api_request_id": exchange.response.header("x-rutter-request-id") if exchange.response else None,
                  }  # fmt: skip
        LOG.log(logging.INFO if good else logging.WARNING, "api", extra={"fields": fields})

    def exchange(self, public_token: Secret) -> Reply:
        """A public token for an access token. Source: [S24] /item/public_token/exchange."""
        body = {
            "client_id": self._settings.client_id,
            "secret": self._settings.client_secret.reveal(),
            "public_token": public_token.reveal(),
        }
        return self.call("POST", "/item/public_token/exchange", body=body)

    def _respect(self, connection_id: str | None) -> None:
        """Raise Paused while the organisation or the connection rests."""
        left = self._pauses.left([ORGANISATION] if connection_id is None else [ORGANISATION, connection_id])
        if left > 0:
            raise Paused(left)

    def _heed(self, exchange: Exchange, connection_id: str | None) -> None:
        """Remember that the API asked for a rest."""
        scope = {429: ORGANISATION, 452: connection_id or ORGANISATION}.get(exchange.status or 0)
        if scope is not None:
            told = exchange.response.header("retry-after") if exchange.response else None
            raise Paused(self._pauses.begin(scope, told))


def _same(exchange: Exchange) -> Exchange:
    return exchange


def _class_of(exchange: Exchange, body: Any) -> str:
    """The class of an error: the API's code, which is stable (section 2), or what broke on the way."""
    code = body.get("error_code") if isinstance(body, dict) else None
    if isinstance(code, str) and _CODE.fullmatch(code):
        return code
    return "no_answer" if exchange.response is None else f"http_{exchange.status}"


def _json(exchange: Exchange) -> Any:
    try:
        return json.loads(exchange.response.body) if exchange.response else None
    except (ValueError, RecursionError):
        return None
