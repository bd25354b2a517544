"""The organisation's connections: who they are, their states and tokens. Source: facts section 8."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from harness.contract import Contract
from harness.core import iso_utc
from harness.emulator.bookkeeping.dataset import domains
from harness.emulator.clock import EmulatorClock
from harness.emulator.credentials import Credentials, access_token, connection_id, derived
from harness.emulator.documents import Documents
from harness.emulator.errors import ApiError, invalid_credentials, invalid_request, unknown_id
from harness.emulator.identifiers import IdSource
from harness.emulator.settings import EmulatorSettings

Fields = dict[str, Any]
HIDDEN_BY_DEFAULT = frozenset({"needs_reauth", "disabled"})
"""`GET /connections` without a status leaves these out. Source: [S24], trap 17."""
STATUSES = frozenset({"active", "unhealthy", "not_ready", "needs_reauth", "disabled"})
OLDEST_BACKFILL = timedelta(days=5 * 366)


class Organisation:
    """The connections of one emulator, by access token."""

    def __init__(
        self, store: Documents, contract: Contract, settings: EmulatorSettings, clock: EmulatorClock, ids: IdSource
    ) -> None:
        self.credentials = Credentials.of(settings)
        self._store, self._contract, self._settings = store, contract, settings
        self._clock, self._ids = clock, ids
        self.connections: dict[str, Fields] = dict(store.recall("connection"))
        self.public_tokens: dict[str, Fields] = dict(store.recall("public_token"))
        if not self.connections:
            for platform in settings.connections:
                self._seed(platform)

    def by_token(self, token: str) -> Fields:
        """The connection of an access token; ApiError 401 for an unknown one."""
        for item in self.connections.values():
            if item["access_token"] == token:
                return item
        raise invalid_credentials()

    def block(self, connection: Mapping[str, Any]) -> Fields:
        """The `connection` of reads. Source: [S24]: orgId is camelCase."""
        return {
            "id": connection["id"],
            "orgId": self.credentials.organisation_id,
            "platform": connection["platform"],
        }

    def list(self, status: str | None) -> Fields:
        """`GET /connections`."""
        if status is not None and status not in STATUSES | {"any"}:
            raise invalid_request("status is active, unhealthy, not_ready, needs_reauth, disabled or any.")
        shown = [
            item
            for item in self.connections.values()
            if status == "any"
            or (status is None and item["status"] not in HIDDEN_BY_DEFAULT)
            or item["status"] == status
        ]
        names = ("id", "access_token", "link_url", "platform", "status", "name", "created_at", "updated_at")
        return {"connections": [{name: item[name] for name in names} for item in shown]}

    def status(self, connection: Fields) -> Fields:
        """`GET /connections/status`."""
        state = connection["status"]
        ready = state != "not_ready"
        synced = connection["last_sync_completed_at"]
        return {
            "status": {
                "last_sync_completed_at": synced if ready else None,
                "is_healthy": state == "active",
                "is_ready": ready,
                "link_url": connection["link_url"],
                "platform": connection["platform"],
                "needs_update_status": {"needs_update": state == "needs_reauth"},
                "disabled_status": {
                    "is_disabled": state == "disabled",
                    "disabled_reason": connection.get("disabled_reason") if state == "disabled" else None,
                },
                "historical_sync_status": self._history(connection, ready),
                "created_at": connection["created_at"],
            },
            "connection": self.block(connection),
        }

    def details(self, connection: Fields) -> Fields:
        """`GET /connections/access_token`."""
        state = connection["status"]
        return {
            "connection": {
                "id": connection["id"],
                "store_unique_id": connection["store_unique_id"],
                "estimated_completed_at": None,
                "last_sync_completed_at": connection["last_sync_completed_at"],
                "last_sync_started_at": connection["last_sync_completed_at"],
                "oldest_order_date": None,
                "newest_order_date": None,
                "disabled": state == "disabled",
                "link_url": connection["link_url"],
                "needs_update": state == "needs_reauth",
                "platform": connection["platform"],
                "initial_orders_synced_count": 0,
                "store_domain": None,
                "store_name": connection["name"],
                "unavailable_objects": [],
                "created_at": connection["created_at"],
            }
        }

    def create(self, body: Any) -> Fields:
        """`POST /connections/create`: an empty body makes one that waits for its end user. Source: [S24]."""
        sent = body or {}
        if not isinstance(sent, dict):
            raise invalid_request("The body is a JSON object.")
        platform = sent.get("platform", self._settings.empty_platform)
        if platform not in self._contract.platforms:
            raise invalid_request(f"platform {platform} is not known.", field="platform")
        status = self._settings.created_status if "platform" in sent else "not_ready"
        made = self._make(self._ids(), platform, self._ids(), status, sent.get("name"))
        names = ("id", "access_token", "link_url", "name")
        return {"connection": {name: made[name] for name in names}}

    def rename(self, id: str, body: Any) -> Fields:
        """`PATCH /connections/{id}`: a name of at most 30 characters, unique. Source: [S24]."""
        found = self._by_id(id)
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not 1 <= len(name) <= 30:
            raise invalid_request("name has 1 to 30 characters.", field="name")
        if any(item["name"] == name and item["id"] != id for item in self.connections.values()):
            raise ApiError(self._settings.name_conflict_status, "API_REQUEST_ERROR", "NAME_TAKEN", "The name is taken.")
        found["name"] = name
        self._keep(found)
        return {"connection": {key: found[key] for key in ("id", "access_token", "link_url", "name")}}

    def delete(self, id: str) -> Fields:
        """`DELETE /connections/{id}`."""
        self._by_id(id)
        del self.connections[id]
        self._store.forget("connection", id)
        self._store.forget_connection(id)
        return {"success": True}

    def invalidate(self, connection: Fields) -> Fields:
        """`POST /connections/access_token/invalidate`: the old token ends at once (INFERRED)."""
        connection["access_token"] = self._ids()
        self._keep(connection)
        return {"new_access_token": connection["access_token"]}

    def link(self, platform: str) -> Fields:
        """What Link does at its end: a new connection and its public token (an endpoint of the double only)."""
        made = self._make(self._ids(), platform, self._ids(), "active", None)
        token = self._ids()
        self.public_tokens[token] = {"connection": made["id"], "until": self._clock.monotonic()
                                     + self._settings.public_token_lifetime, "used": False}  # fmt: skip
        return {"public_token": token, "connection_id": made["id"]}

    def exchange(self, body: Any) -> Fields:
        """`POST /item/public_token/exchange`; the credentials stand in the body too. Source: [S24]."""
        if not isinstance(body, dict):
            raise invalid_request("The body is a JSON object.")
        for name in ("client_id", "secret", "public_token"):
            if not isinstance(body.get(name), str):
                raise invalid_request(f"{name} is required.", field=name)
        if (body["client_id"], body["secret"]) != (
            self.credentials.client_id,
            self.credentials.client_secret.reveal(),
        ):
            raise invalid_credentials()
        known = self.public_tokens.get(body["public_token"])
        spent = known is not None and known["used"] and not self._settings.public_token_reuse
        if known is None or spent or known["until"] < self._clock.monotonic():
            raise invalid_request("The public token is not valid.", field="public_token")
        known["used"] = True
        found = self.connections[known["connection"]]
        return {
            "connection_id": found["id"],
            "access_token": found["access_token"],
            "is_ready": found["status"] != "not_ready",
            "platform": found["platform"],
            "name": found["name"],
            "store_unique_name": found["store_unique_id"],
        }

    def backfill(self, body: Any) -> Fields:
        """`POST /connections/backfill`: validated and accepted. Source: [S24]: at most 5 years back."""
        if not isinstance(body, dict) or not isinstance(body.get("object_types"), list):
            raise invalid_request("object_types is required.", field="object_types")
        try:
            start = datetime.strptime(str(body.get("start_date")), "%Y-%m-%d").replace(tzinfo=self._clock.now().tzinfo)
        except ValueError:
            raise invalid_request("start_date is YYYY-MM-DD.", field="start_date") from None
        if self._clock.now() - start > OLDEST_BACKFILL:
            raise invalid_request("start_date is at most 5 years back.", field="start_date")
        return {"success": True}

    def set_state(self, id: str, status: str, reason: str | None) -> Fields:
        """Put a connection into a state (an endpoint of the double only)."""
        if status not in STATUSES:
            raise invalid_request(f"status is one of {', '.join(sorted(STATUSES))}.")
        found = self._by_id(id)
        found["status"], found["disabled_reason"] = status, reason
        self._keep(found)
        return {"success": True}

    def _history(self, connection: Fields, ready: bool) -> Fields:
        total: Fields = {}
        if ready and domains(connection["platform"]):
            moment = connection["created_at"]
            total = {"invoices": {"oldest_entity_date": moment, "newest_entity_date": moment, "ready": True,
                                  "synced_count": 132}}  # fmt: skip
        counts = dict.fromkeys(
            ("synced_orders_count", "synced_transactions_count", "synced_balance_sheets_count",
             "synced_cash_flows_count", "synced_income_statements_count")
        )  # fmt: skip
        return {
            "historical_sync_completed": ready,
            "total": total,
            "num_batches_completed": 2 if ready else 0,
            **counts,
            "expected_entity_counts": None,
            "batches": [],
        }

    def _by_id(self, id: str) -> Fields:
        if id not in self.connections:
            raise unknown_id(self._settings, "connection")
        return self.connections[id]

    def _seed(self, platform: str) -> None:
        token = access_token(self._settings, platform).reveal()
        self._make(connection_id(self._settings, platform), platform, token, "active", None, self._settings.seed_at)

    def _make(
        self, id: str, platform: str, token: str, status: str, name: str | None, moment: datetime | None = None
    ) -> Fields:
        when = iso_utc(moment or self._clock.now())
        made: Fields = {
            "id": id,
            "access_token": token,
            "link_url": f"https://link.rutterapi.com/connection/{id}",
            "platform": platform,
            "status": status,
            "name": name,
            "store_unique_id": derived(self._settings, f"store:{id}"),
            "last_sync_completed_at": when,
            "created_at": when,
            "updated_at": when,
        }
        self._keep(made)
        return made

    def _keep(self, connection: Fields) -> None:
        self.connections[connection["id"]] = connection
        self._store.keep("connection", connection["id"], connection)
