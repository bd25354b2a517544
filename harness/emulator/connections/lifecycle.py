"""What moves a connection from one state to another, and what is told when it does. Source: facts section 8."""

from collections.abc import Callable, Mapping
from typing import Any

from harness.contract import Contract
from harness.emulator.agenda import Agenda
from harness.emulator.errors import invalid_request
from harness.emulator.organisation import STATUSES, Organisation
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.progress import progress_of, put_progress
from harness.emulator.webhooks.events import Announcer

Fields = dict[str, Any]
SYNCING = frozenset({"active", "unhealthy"})
"""States in which syncs run; in the others they stop. Source: [H:3136102942]."""
ENDS = ("disabled", "needs_reauth")
"""Where repeated sync failures lead. Source: [H:3136102942]."""


class Lifecycle:
    """The transitions of the connections of one emulator. `sync_config` gives what holds for a connection (id,
    platform) when its life begins."""

    def __init__(
        self,
        contract: Contract,
        settings: EmulatorSettings,
        organisation: Organisation,
        agenda: Agenda,
        announcer: Announcer,
        sync_config: Callable[[str, str], Fields],
    ) -> None:
        self._settings, self._organisation, self._sync_config = settings, organisation, sync_config
        self._agenda, self._announcer = agenda, announcer
        self._reasons = _reasons(contract)

    def authenticate(self, connection: Fields, platform: str | None = None) -> None:
        """The end user has authenticated, in Link or at the `link_url`: a new connection begins its initial sync, one
        that was cut off goes on where it was. Id and access token stay. Source: [DA:reference/fetch-active-connections]
        """
        progress = progress_of(connection)
        first = progress.stage == "waiting"
        if first and platform is not None:
            connection["platform"] = platform
        connection["disabled_reason"] = None
        connection["status"] = "active" if progress.history_done else "not_ready"
        config = self._sync_config(connection["id"], connection["platform"]) if first else progress.config
        put_progress(connection, progress, stage="initial" if first else progress.stage, config=config, failing=None,
                     failures=0)  # fmt: skip
        self._organisation.save(connection)
        self._announcer.connection(connection, "CONNECTION_AUTHENTICATED")
        if not first or connection["origin"] == "api":
            self._announcer.connection(
                connection, "CONNECTION_UPDATED", store_unique_id=connection["store_unique_id"]
            )  # fmt: skip
        if progress.history_done:
            self._agenda.add("incremental_sync", connection["id"], 0.0, {"connection": connection["id"]})
            return
        if first:
            self._announcer.connection(connection, "CONNECTION_METADATA_READY")
        self.next_batch(connection)

    def begin(self, connection: Fields) -> None:
        """Start the life of a connection that was made from credentials."""
        if self._settings.created_status == "active":
            put_progress(connection, progress_of(connection), stage="steady")
            connection["status"] = "active"
            self._organisation.save(connection)
            self.watch(connection)
            return
        self.authenticate(connection)

    def watch(self, connection: Mapping[str, Any]) -> None:
        """Put the next incremental sync on the agenda."""
        period = progress_of(connection).period
        self._agenda.add("incremental_sync", connection["id"], period, {"connection": connection["id"]})

    def next_batch(self, connection: Mapping[str, Any]) -> None:
        """Put the next batch of the initial sync on the agenda."""
        body = {"connection": connection["id"]}
        self._agenda.add("initial_batch", connection["id"], self._settings.initial_batch_seconds, body)

    def set_state(self, id: str, status: str, reason: str | None) -> Fields:
        """Put a connection into a state; ApiError for an unknown state or an undocumented reason."""
        if status not in STATUSES:
            raise invalid_request(f"status is one of {', '.join(sorted(STATUSES))}.")
        if reason is not None and reason not in self._reasons:
            raise invalid_request(f"reason is one of {', '.join(self._reasons)}.")
        connection = self._organisation.by_id(id)
        before = connection["status"]
        connection["status"] = status
        connection["disabled_reason"] = (reason or "UNKNOWN") if status == "disabled" else None
        if status == "active":
            put_progress(connection, progress_of(connection), failing=None, failures=0)
        self._organisation.save(connection)
        if status == before:
            return {"success": True}
        self._tell(connection)
        if status in SYNCING and before not in SYNCING:
            self.watch(connection)
        return {"success": True}

    def fail_syncs(self, id: str, reason: str | None, ends_as: str) -> Fields:
        """Let the next syncs of a connection fail for `reason`, until None is given or it ends as `ends_as`."""
        connection = self._organisation.by_id(id)
        if reason is not None and reason not in self._reasons:
            raise invalid_request(f"reason is one of {', '.join(self._reasons)}.")
        if ends_as not in ENDS:
            raise invalid_request(f"ends_as is one of {', '.join(ENDS)}.")
        put_progress(connection, progress_of(connection), failing=reason, ends_as=ends_as)
        self._organisation.save(connection)
        return {"success": True}

    def sync_failed(self, connection: Fields) -> None:
        """One more failed sync: unhealthy at first, then cut off. Source: [H:3136102942]; the count is INFERRED."""
        progress = progress_of(connection)
        progress = put_progress(connection, progress, failures=progress.failures + 1)
        status = progress.ends_as if progress.failures >= self._settings.failures_to_end else "unhealthy"
        changed = connection["status"] != status
        connection["status"] = status
        connection["disabled_reason"] = progress.failing if status == "disabled" else None
        self._organisation.save(connection)
        if changed:
            self._tell(connection)

    def sync_succeeded(self, connection: Fields) -> None:
        """A sync that works makes an unhealthy connection healthy."""
        progress = progress_of(connection)
        if progress.failures:
            put_progress(connection, progress, failures=0)
            connection["status"] = "active"

    def _tell(self, connection: Mapping[str, Any]) -> None:
        """The webhook of a state; extra fields are UNKNOWN."""
        match connection["status"]:
            case "needs_reauth":
                self._announcer.connection(connection, "CONNECTION_NEEDS_UPDATE", update_url=connection["link_url"])
            case "disabled":
                named = (
                    {"disabled_reason": connection["disabled_reason"]} if self._settings.disabled_event_reason else {}
                )
                self._announcer.connection(connection, "CONNECTION_DISABLED", **named)
            case "unhealthy":
                self._announcer.connection(connection, "CONNECTION_ERROR")


def _reasons(contract: Contract) -> tuple[str, ...]:
    """The documented reasons of a disabled connection. Source: [S24] disabled_reason."""
    status = contract.schema("GetConnectionStatusResponse")["properties"]["status"]["properties"]
    listed = status["disabled_status"]["properties"]["disabled_reason"]["enum"]
    return tuple(reason for reason in listed if reason is not None)
