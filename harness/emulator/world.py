"""Everything of one emulator that lives in time, put together: agenda, connections, syncs, webhooks, the clock."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.contract import Contract
from harness.emulator.agenda import Agenda
from harness.emulator.clock import EmulatorClock
from harness.emulator.configuration import Configuration
from harness.emulator.connections import shown
from harness.emulator.connections.lifecycle import Lifecycle
from harness.emulator.documents import Documents
from harness.emulator.errors import invalid_request
from harness.emulator.identifiers import IdSource
from harness.emulator.link.channel import Channel
from harness.emulator.link.popup import Popup
from harness.emulator.organisation import Organisation
from harness.emulator.platform_software.edits import PlatformSoftware
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.books import PlatformBooks
from harness.emulator.sync.changes import Changes
from harness.emulator.sync.engine import Syncing
from harness.emulator.sync.landing import Landing
from harness.emulator.sync.platforms import is_real_time
from harness.emulator.timekeeping import Timekeeper
from harness.emulator.webhooks.administration import WebhookAdministration
from harness.emulator.webhooks.demand import Demand
from harness.emulator.webhooks.endpoints import Endpoints
from harness.emulator.webhooks.events import Announcer
from harness.emulator.webhooks.outbox import Outbox

Fields = dict[str, Any]
OLDEST_BACKFILL = timedelta(days=5 * 366)


class World:
    """What happens to an organisation's connections over time, and the endpoints of the API that show or move it."""

    def __init__(
        self,
        store: Documents,
        contract: Contract,
        settings: EmulatorSettings,
        clock: EmulatorClock,
        ids: IdSource,
        organisation: Organisation,
        configuration: Configuration,
    ) -> None:
        self._contract, self._settings, self._clock, self._organisation = contract, settings, clock, organisation
        self._configuration = configuration
        raised = (lambda least: store.raise_counter("tick", least)) if store.durable else None
        clock.attach(lambda: store.record("clock", "clock"), lambda state: store.keep("clock", "clock", state), raised)
        self.agenda = Agenda(store, clock)
        self.endpoints = Endpoints(configuration, settings, clock, ids)
        secret = organisation.credentials.client_secret
        self.outbox = Outbox(store, settings, clock, ids, self.endpoints, secret)
        self.announcer = Announcer(contract, settings, self.outbox)
        books = PlatformBooks(contract, settings)
        self.changes = Changes(store, clock, books)
        self.lifecycle = Lifecycle(contract, settings, organisation, self.agenda, self.announcer, configuration.of)
        landing = Landing(store, contract, clock, ids, self.changes, self.announcer)
        self.syncing = Syncing(store, contract, settings, clock, organisation, self.lifecycle, self.agenda,
                               self.changes, landing, books, self.announcer)  # fmt: skip
        self.software = PlatformSoftware(contract, clock, ids, self.changes, self.syncing)
        self.webhooks = WebhookAdministration(
            self.endpoints, self.outbox, Demand(store, contract, self.announcer), organisation.by_name
        )
        self.timekeeper = Timekeeper(clock, self.agenda, {
            "initial_batch": self.syncing.initial_batch,
            "incremental_sync": self.syncing.incremental_sync,
            "backfill": self.syncing.backfill,
        }, self.outbox.together)  # fmt: skip
        self.timekeeper.settle, self.timekeeper.next_due = self.outbox.settle, self.outbox.next_at
        self.popup = Popup(contract, settings, organisation, self.lifecycle, self.announcer,
                           Channel(store, clock, secret), store.transaction)  # fmt: skip
        for connection in organisation.begun:
            self.lifecycle.watch(connection)

    def written(self, connection: Mapping[str, Any], resource: str, verb: str, document: Mapping[str, Any]) -> None:
        """An API write has changed a document: its webhook goes out at once on real-time platforms, elsewhere with the
        next sync. INFERRED, see `own_write_events`."""
        if verb == "deleted":
            self.changes.bury(connection, resource, document["id"])
        if not self._settings.own_write_events or not self.announcer.heard(resource, verb):
            return
        if is_real_time(connection["platform"]):
            self.announcer.entity(connection, resource, verb, document)
        else:
            self.changes.add(connection, resource, verb, document["id"], {}, shown=True)

    def create(self, body: Any) -> Fields:
        """`POST /connections/create`. With credentials the initial sync begins; without it waits at its link_url."""
        connection = self._organisation.create(body)
        if body and "syncConfig" in body:
            self._configuration.set_sync("connections", connection["id"], body["syncConfig"])
        if body and "platform" in body:
            self.lifecycle.begin(connection)
        return self._organisation.created(connection)

    def link(self, platform: str) -> Fields:
        """All of Link in one call (an endpoint of the double only): connected, and the public token."""
        connection = self._organisation.link(platform)
        self.lifecycle.authenticate(connection)
        return {"public_token": self._organisation.public_token(connection), "connection_id": connection["id"]}

    def delete(self, id: str) -> Fields:
        """`DELETE /connections/{id}`: with all that waits for it."""
        answer = self._organisation.delete(id)
        self.changes.forget(id)
        return answer

    def status(self, connection: Fields) -> Fields:
        """`GET /connections/status`."""
        block = self._organisation.block(connection)
        return shown.status(connection, self.syncing.counted(connection), block)

    def details(self, connection: Fields) -> Fields:
        """`GET /connections/access_token`."""
        return shown.details(connection, self.syncing.counted(connection))

    def incremental_sync(self, connection: Fields, body: Any) -> Fields:
        """`POST /connections/incremental_sync`."""
        if body is not None:
            self._valid("CreateConnectionIncrementalSyncRequest", body)
        return self.syncing.request_sync(connection, body)

    def backfill(self, connection: Fields, body: Any) -> Fields:
        """`POST /connections/backfill`: at most 5 years back. Source: [S24]."""
        self._valid("CreateConnectionBackfillBody", body)
        start = _day(body, "start_date")
        if self._clock.now() - start > OLDEST_BACKFILL:
            raise invalid_request("start_date is at most 5 years back.", field="start_date")
        if body.get("end_date") is not None and _day(body, "end_date") < start:
            raise invalid_request("end_date is before start_date.", field="end_date")
        return self.syncing.request_backfill(connection, body)

    def _valid(self, schema: str, body: Any) -> None:
        for problem in self._contract.validator(schema).problems(body):
            raise invalid_request(f"{problem.path}: {problem.message}", field=problem.path)


def _day(body: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.strptime(str(body[name]), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise invalid_request(f"{name} is YYYY-MM-DD.", field=name) from None
