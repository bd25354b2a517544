"""`/configs/**`: webhooks and sync configurations. Source: facts sections 7 and 8."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from harness.contract import Contract
from harness.core import iso_utc
from harness.emulator.credentials import derived
from harness.emulator.documents import Documents
from harness.emulator.errors import ApiError, invalid_request, unknown_id
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.entities import event_types

Fields = dict[str, Any]


class Configuration:
    """The organisation's configurations: one webhook that hears every event, two batches of initial sync."""

    example_url = "https://example.com/webhooks/rutter"
    """The address of the webhook of the start; nothing is ever sent there."""

    def __init__(self, store: Documents, contract: Contract, settings: EmulatorSettings) -> None:
        self._store, self._contract, self._settings = store, contract, settings
        listed = contract.document["paths"]["/configs/sync/platforms/{platform}"]["get"]["parameters"]
        self._platforms = _enum(contract, listed)
        self._read: list[Fields] | None = None
        """The webhooks as they were read last; of no use when other processes may change them."""
        with store.transaction():
            if not self.webhooks():
                self._seed_webhook()

    def webhooks(self) -> list[Fields]:
        """`GET /configs/webhooks`: a bare array. Source: [S24], trap 27."""
        if self._read is None or self._store.shared:
            self._read = [body for _, body in self._store.recall("webhook")]
        return self._read

    def webhook(self, id: str) -> Fields:
        """`GET /configs/webhooks/{id}`."""
        found: Fields | None = self._store.record("webhook", id)
        if found is None:
            raise unknown_id(self._settings, "webhook")
        return found

    @property
    def api_version(self) -> str:
        """The version that new webhooks have."""
        return self._contract.version

    @cached_property
    def event_types(self) -> tuple[str, ...]:
        """All event types. Source: [S24] allowedTypes."""
        return event_types(self._contract)

    def put_webhook(self, config: Fields) -> Fields:
        """Register or change a webhook, as the dashboard does; ApiError for what the contract does not allow."""
        for problem in self._contract.validator("WebhookConfigResponse").problems(config):
            raise invalid_request(f"{problem.path}: {problem.message}", field=problem.path)
        self._keep_webhook(config)
        return config

    def remove_webhook(self, id: str) -> Fields:
        """Remove a webhook, as the dashboard does."""
        self.webhook(id)
        self._store.forget("webhook", id)
        self._read = None
        return {"success": True}

    def platform_data(self, id: str) -> Any:
        """`GET /configs/webhooks/{id}/platform_data_config`."""
        return {"platform_data_config": self.webhook(id)["platform_data_config"]}

    def set_platform_data(self, id: str, body: Mapping[str, Any]) -> Any:
        """The update verb of the same path; `body` fits the contract."""
        kept = body["platform_data_config"]
        self._keep_webhook({**self.webhook(id), "platform_data_config": kept})
        return {"platform_data_config": kept}

    def sync(self, scope: str, name: str, platform: str = "") -> Fields:
        """`GET /configs/sync/{scope}/{name}`: its own, that of its `platform`, or the organisation's default."""
        self._known(scope, name)
        own = self._store.record("sync", f"{scope}:{self._name(scope, name)}")
        return own or self.new_connection(platform)

    def new_connection(self, platform: str) -> Fields:
        """The configuration that a connection begins with. Source: precedence, facts section 8."""
        return self._store.record("sync", f"platforms:{platform}") or self._default()

    def of(self, connection: str, platform: str) -> Fields:
        """What holds for a connection. Source: precedence, facts section 8."""
        return self.sync("connections", connection, platform)

    def set_sync(self, scope: str, name: str, body: Mapping[str, Any]) -> Fields:
        """POST and PATCH both replace it: `body` fits the contract, which demands the whole of both. Leaves existing
        connections as they are. Source: [S24]; trap 18."""
        self._known(scope, name)
        kept = {part: body[part] for part in ("initialSync", "incrementalSync")}
        self._store.keep("sync", f"{scope}:{self._name(scope, name)}", kept)
        return kept

    def delete_sync(self, scope: str, name: str) -> Fields:
        """DELETE: back to the default. The body of the answer is not documented."""
        self._known(scope, name)
        key = f"{scope}:{self._name(scope, name)}"
        self._store.forget("sync", key)
        return {"success": True}

    def _known(self, scope: str, name: str) -> None:
        if scope == "platforms" and self._platforms and name.upper() not in self._platforms:
            raise ApiError(
                self._settings.sync_config_unlisted, "API_REQUEST_ERROR", "NOT_SUPPORTED", f"{name} has no sync config."
            )

    @staticmethod
    def _name(scope: str, name: str) -> str:
        return name.upper() if scope == "platforms" else name

    def _default(self) -> Fields:
        """Two batches, as recommended: the last months first, then history. Source: implementation checklist."""
        entities = list(self._contract.schema("SyncEntity").get("enum", ()))
        return {
            "initialSync": {
                "batches": [
                    {"timeFrameInMonths": 2, "entities": entities},
                    {"timeFrameInMonths": 24, "entities": entities},
                ]
            },
            "incrementalSync": {"syncPeriodInMinutes": 60, "entities": entities},
        }

    def _seed_webhook(self) -> None:
        moment = iso_utc(self._settings.seed_at)
        id = derived(self._settings, "webhook")
        webhook = {
            "id": id,
            "api_version": self._contract.version,
            "url": self.example_url,
            "disabled": False,
            "platform_data_config": None,
            "allow_list": {"allowedTypes": list(self.event_types)},
            "created_at": moment,
            "updated_at": moment,
        }
        self._keep_webhook(webhook)

    def _keep_webhook(self, config: Fields) -> None:
        self._store.keep("webhook", config["id"], config)
        self._read = None


def _enum(contract: Contract, parameters: list[Fields]) -> frozenset[str]:
    for item in parameters:
        name = item.get("$ref", "").rpartition("/")[2]
        if name == "PlatformPath":
            return frozenset(contract.schema("SmartSyncSupportedPlatform").get("enum", ()))
    return frozenset()
