"""Everything of one emulator that lives in time, put together: agenda, connections, syncs, webhooks, the clock."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.contract import Contract
from harness.emulator.agenda import Agenda
from harness.emulator.clock import EmulatorClock
from harness.emulator.connections import shown
from harness.emulator.connections.lifecycle import Lifecycle
from harness.emulator.documents import Documents
from harness.emulator.errors import invalid_request
from harness.emulator.identifiers import IdSource
from harness.emulator.organisation import Organisation
from harness.emulator.platform_software.edits import PlatformSoftware
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.books import PlatformBooks
from harness.emulator.sync.changes import Changes
from harness.emulator.sync.engine import Syncing
from harness.emulator.sync.landing import Landing
from harness.emulator.timekeeping import Timekeeper
from harness.emulator.webhooks.events import Announcer

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
    ) -> None:
        self._contract, self._clock, self._store, self._organisation = contract, clock, store, organisation
        first = next((body for id, body in store.recall("clock") if id == "clock"), None)
        clock.attach(first, lambda state: store.keep("clock", "clock", state))
        self.agenda = Agenda(store, clock)
        self.announcer = Announcer(contract, settings)
        self.changes = Changes(store, clock, ids)
        self.lifecycle = Lifecycle(contract, settings, organisation, self.agenda, self.announcer)
        landing = Landing(store, contract, clock, ids, self.announcer)
        books = PlatformBooks(contract, settings)
        self.syncing = Syncing(contract, settings, clock, organisation, self.lifecycle, self.agenda, self.changes,
                               landing, books, self.announcer)  # fmt: skip
        self.software = PlatformSoftware(store, contract, clock, ids, self.changes, self.syncing, books)
        self.timekeeper = Timekeeper(clock, self.agenda, {
            "initial_batch": self.syncing.initial_batch,
            "incremental_sync": self.syncing.incremental_sync,
            "backfill": self.syncing.backfill,
        })  # fmt: skip
        for connection in organisation.begun:
            self.lifecycle.watch(connection)

    def create(self, body: Any) -> Fields:
        """`POST /connections/create`. With credentials the initial sync begins; without it waits at its link_url."""
        connection = self._organisation.create(body)
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
