"""`/_emulator/webhooks/**`: the dashboard's part, the log, abuse and events on demand."""

from collections.abc import Callable, Mapping
from typing import Any

from harness.emulator.errors import invalid_request, unknown_path
from harness.emulator.webhooks.abuse import shown
from harness.emulator.webhooks.demand import Demand
from harness.emulator.webhooks.endpoints import Endpoints
from harness.emulator.webhooks.outbox import Outbox

Fields = dict[str, Any]
NEWEST = 1000
"""Deliveries that one look at the log gives, unless `limit` says otherwise."""


class WebhookAdministration:
    """What a test may do to webhooks. `whose` gives the connection of an id or of a platform."""

    def __init__(self, endpoints: Endpoints, outbox: Outbox, demand: Demand, whose: Callable[[str], Fields]) -> None:
        self._endpoints, self._outbox, self._demand, self._whose = endpoints, outbox, demand, whose

    def handle(self, method: str, rest: list[str], body: Fields, query: Mapping[str, str]) -> Any:
        """One request; ApiError for what is not understood."""
        match (method, rest):
            case ("GET", []):
                return {"webhooks": self._endpoints.all()}
            case ("POST", []):
                return self._endpoints.register(None, body)
            case ("GET", ["deliveries"]):
                return {"deliveries": self._log(query)}
            case ("DELETE", ["deliveries"]):
                self._outbox.deliveries.clear()
                return {"success": True}
            case ("GET", ["abuse"]):
                return shown(self._outbox.abuse)
            case ("POST", ["abuse"]):
                self._outbox.set_abuse(body)
                return shown(self._outbox.abuse)
            case ("POST", ["emit"]):
                return self._emit(body)
            case ("POST", ["deliveries", id, "replay"]):
                return self._replay(id)
            case ("PATCH", [id]):
                return self._endpoints.register(id, body)
            case ("DELETE", [id]):
                return self._endpoints.remove(id)
        raise unknown_path()

    def _emit(self, body: Fields) -> Fields:
        connection = self._whose(str(body.get("connection", "QUICKBOOKS")))
        with self._outbox.together():
            return {"emitted": self._demand.emit(connection, body)}

    def _replay(self, id: str) -> Fields:
        found = self._outbox.deliveries.find(id)
        if found is None:
            raise invalid_request("There is no delivery with this id.")
        self._outbox.repeat(found)
        return {"success": True}

    def _log(self, query: Mapping[str, str]) -> list[Fields]:
        """The newest deliveries, oldest first; `code`, `state`, `endpoint` and `connection` narrow them."""
        limit = query.get("limit", str(NEWEST))
        if not limit.isdigit() or int(limit) < 1:
            raise invalid_request("limit is a positive integer.", parameter="limit")
        wanted = {name: query[name] for name in ("code", "state", "endpoint", "connection") if name in query}
        found = [
            item
            for item in self._outbox.deliveries.all()
            if all(getattr(item, name) == value for name, value in wanted.items())
        ]
        return [item.shown() for item in found[-int(limit) :]]
