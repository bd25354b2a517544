"""The organisation's connections: who they are, their states and tokens. Source: facts section 8."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from harness.contract import Contract
from harness.core import iso_utc
from harness.emulator.clock import EmulatorClock, to_millis
from harness.emulator.credentials import Credentials, access_token, connection_id, derived
from harness.emulator.documents import Documents
from harness.emulator.errors import ApiError, invalid_credentials, invalid_request, unknown_id
from harness.emulator.identifiers import IdSource
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.progress import Progress

Fields = dict[str, Any]
HIDDEN_BY_DEFAULT = frozenset({"needs_reauth", "disabled"})
"""`GET /connections` without a status leaves these out. Source: [S24], trap 17."""
STATUSES = frozenset({"active", "unhealthy", "not_ready", "needs_reauth", "disabled"})


class Organisation:
    """The connections of one emulator, by access token. `sync_config` gives the one of a platform, for new ones."""

    def __init__(
        self,
        store: Documents,
        contract: Contract,
        settings: EmulatorSettings,
        clock: EmulatorClock,
        ids: IdSource,
        sync_config: Callable[[str], Fields],
        link_base: str,
    ) -> None:
        self.credentials = Credentials.of(settings)
        self._store, self._contract, self._settings = store, contract, settings
        self._clock, self._ids, self._sync_config = clock, ids, sync_config
        self.connections: Mapping[str, Fields] = store.kind("connection")
        self._link_base = settings.link_base or link_base
        with store.transaction():
            self._move_links()
            made = [] if self.connections else [self._seed(name) for name in settings.connections]
        self.begun: list[Fields] = made
        """The connections that this very start has made."""

    def by_token(self, token: str) -> Fields:
        """The connection of an access token; ApiError 401 for an unknown one."""
        found: Fields | None = self._store.named("connection", token)
        if found is None:
            found = next((item for item in self.connections.values() if self._still(item, token)), None)
        if found is None:
            raise invalid_credentials()
        return found

    def _still(self, connection: Mapping[str, Any], token: str) -> bool:
        """Whether an invalidated token is in its grace. Source: UNKNOWN, see `old_token_grace`."""
        old = connection.get("old_token")
        return old is not None and old["token"] == token and to_millis(self._clock.now()) < old["until"]

    def find(self, id: str) -> Fields | None:
        """The connection of an id; None when there is none."""
        return self.connections.get(id)

    def by_id(self, id: str) -> Fields:
        """The connection of an id; ApiError when there is none."""
        found = self.connections.get(id)
        if found is None:
            raise unknown_id(self._settings, "connection")
        return found

    def by_name(self, name: str) -> Fields:
        """The connection of an id, or the first one of a platform."""
        found = next((item for item in self.connections.values() if item["platform"] == name.upper()), None)
        return found or self.by_id(name)

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

    def create(self, body: Any) -> Fields:
        """The connection that `POST /connections/create` makes; it waits for its end user, or for the life that the
        credentials start. `body` is empty, or fits the contract. Source: [S24]."""
        sent = body or {}
        platform = sent.get("platform", self._settings.empty_platform)
        if platform not in self._contract.platforms:
            raise invalid_request(f"platform {platform} is not known.", field="platform")
        return self._make(self._ids(), platform, self._ids(), "api", sent.get("name"))

    def created(self, connection: Fields) -> Fields:
        """The body of `POST /connections/create`."""
        names = ("id", "access_token", "link_url", "name")
        return {"connection": {name: connection[name] for name in names}}

    def rename(self, id: str, body: Mapping[str, Any]) -> Fields:
        """`PATCH /connections/{id}`: a unique name; `body` fits the contract. Source: [S24]."""
        found = self.by_id(id)
        name = body["name"]
        if any(item["name"] == name and item["id"] != id for item in self.connections.values()):
            raise ApiError(self._settings.name_conflict_status, "API_REQUEST_ERROR", "NAME_TAKEN", "The name is taken.")
        found["name"] = name
        self.save(found)
        return self.created(found)

    def delete(self, id: str) -> Fields:
        """`DELETE /connections/{id}`."""
        self.by_id(id)
        with self._store.transaction():
            self._store.forget("connection", id)
            self._store.forget_connection(id)
        return {"success": True}

    def invalidate(self, connection: Fields) -> Fields:
        """`POST /connections/access_token/invalidate`: a new token; the old one ends after its grace."""
        until = to_millis(self._clock.now()) + round(self._settings.old_token_grace * 1000)
        connection["old_token"] = {"token": connection["access_token"], "until": until}
        connection["access_token"] = self._ids()
        self.save(connection)
        return {"new_access_token": connection["access_token"]}

    def link(self, platform: str) -> Fields:
        """The connection that Link makes for a platform; it begins when the end user has authenticated."""
        if platform not in self._contract.platforms:
            raise invalid_request(f"platform {platform} is not known.", field="platform")
        return self._make(self._ids(), platform, self._ids(), "link", None)

    def public_token(self, connection: Mapping[str, Any]) -> str:
        """A public token of a connection, as Link gives it to the page that opened it."""
        token = self._ids()
        until = to_millis(self._clock.now()) + round(self._settings.public_token_lifetime * 1000)
        self._store.keep("public_token", token, {"connection": connection["id"], "until": until, "used": False})
        return token

    def exchange(self, body: Mapping[str, Any]) -> Fields:
        """`POST /item/public_token/exchange`; the credentials stand in the body too, which fits the contract. Source:
        [S24]."""
        if (body["client_id"], body["secret"]) != (
            self.credentials.client_id,
            self.credentials.client_secret.reveal(),
        ):
            raise invalid_credentials()
        known = self._store.record("public_token", body["public_token"])
        spent = known is not None and known["used"] and not self._settings.public_token_reuse
        found = self.connections.get(known["connection"]) if known else None
        if known is None or found is None or spent or known["until"] < to_millis(self._clock.now()):
            raise invalid_request("The public token is not valid.", field="public_token")
        self._store.keep("public_token", body["public_token"], {**known, "used": True})
        return {
            "connection_id": found["id"],
            "access_token": found["access_token"],
            "is_ready": found["status"] != "not_ready",
            "platform": found["platform"],
            "name": found["name"],
            "store_unique_name": found["store_unique_id"],
        }

    def save(self, connection: Fields) -> None:
        """Keep a changed connection; its `updated_at` moves."""
        connection["updated_at"] = iso_utc(self._clock.now())
        self._keep(connection)

    def note(self, connection: Fields) -> None:
        """Keep what a sync has left in a connection; its `updated_at` stays (INFERRED)."""
        self._keep(connection)

    def _link_url(self, id: str) -> str:
        """Stable, shareable, and also where an end user authenticates again. Source: [DA:reference/...connections]."""
        return f"{self._link_base}/connection/{id}"

    def _move_links(self) -> None:
        """Let the links of connections from an earlier start point at where the emulator is now."""
        for id, connection in self.connections.items():
            if connection["link_url"] != self._link_url(id):
                self._keep({**connection, "link_url": self._link_url(id)})

    def _seed(self, platform: str) -> Fields:
        token = access_token(self._settings, platform).reveal()
        return self._make(connection_id(self._settings, platform), platform, token, "start", None)

    def _make(self, id: str, platform: str, token: str, origin: str, name: str | None) -> Fields:
        """A new connection. Those of the start are ready; the others have no data and wait for their end user."""
        start = origin == "start"
        when = iso_utc(self._settings.seed_at if start else self._clock.now())
        config = self._sync_config(platform)
        stage = Progress(stage="steady" if start else "waiting", config=config,
                         batches=len(config["initialSync"]["batches"]) if start else 0)  # fmt: skip
        made: Fields = {
            "id": id,
            "access_token": token,
            "link_url": self._link_url(id),
            "platform": platform,
            "status": "active" if start else "not_ready",
            "disabled_reason": None,
            "name": name,
            "store_unique_id": derived(self._settings, f"store:{id}"),
            "last_sync_started_at": when if start else None,
            "last_sync_completed_at": when if start else None,
            "created_at": when,
            "updated_at": when,
            "origin": origin,
            "sync": asdict(stage),
        }
        self._keep(made)
        return made

    def _keep(self, connection: Fields) -> None:
        self._store.keep("connection", connection["id"], connection, alias=connection["access_token"])
