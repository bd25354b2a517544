"""The syncs themselves: initial batches, incremental syncs, backfills, each a task of the agenda."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.contract import Contract
from harness.core import iso_utc
from harness.emulator.agenda import Agenda
from harness.emulator.clock import EmulatorClock
from harness.emulator.connections.lifecycle import SYNCING, Lifecycle
from harness.emulator.documents import Documents
from harness.emulator.organisation import Organisation
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.books import PlatformBooks, months_before
from harness.emulator.sync.changes import Changes
from harness.emulator.sync.entities import always_synced, resources_of
from harness.emulator.sync.landing import Landing
from harness.emulator.sync.progress import progress_of, put_progress
from harness.emulator.sync.totals import totals
from harness.emulator.webhooks.events import Announcer

Fields = dict[str, Any]
NOTHING: Fields = {"timeFrameInMonths": 0, "entities": []}
"""The batch of a configuration that has none."""
TOTALS = "totals"


class Syncing:
    """Runs the syncs of one emulator. Each method named like a task takes the task's body."""

    def __init__(
        self,
        store: Documents,
        contract: Contract,
        settings: EmulatorSettings,
        clock: EmulatorClock,
        organisation: Organisation,
        lifecycle: Lifecycle,
        agenda: Agenda,
        changes: Changes,
        landing: Landing,
        books: PlatformBooks,
        announcer: Announcer,
    ) -> None:
        self._store, self._contract, self._settings, self._clock = store, contract, settings, clock
        self._organisation, self._lifecycle, self._agenda = organisation, lifecycle, agenda
        self._changes, self._landing, self._books, self._announcer = changes, landing, books, announcer

    def initial_batch(self, body: Mapping[str, Any]) -> None:
        """One batch of the initial sync: INITIAL_UPDATE after the first, HISTORICAL_UPDATE after each later one.
        Source: [D:connections/connection-lifecycle], trap 16."""
        connection = self._organisation.find(body["connection"])
        if connection is None or connection["status"] in {"disabled", "needs_reauth"}:
            return
        progress = progress_of(connection)
        batch = progress.planned[progress.batches] if progress.planned else NOTHING
        self._read(connection, batch)
        done = progress.batches + 1
        last = done >= len(progress.planned)
        put_progress(connection, progress, batches=done, stage="steady" if last else "initial")
        if connection["status"] == "not_ready" and (last or self._settings.ready_after == "first_batch"):
            connection["status"] = "active"
        self._organisation.save(connection)
        if done == 1:
            self._announcer.connection(connection, "INITIAL_UPDATE")
        else:
            spans = [{"platformEntity": name, "xMonthsAgo": batch["timeFrameInMonths"]} for name in batch["entities"]]
            self._announcer.connection(connection, "HISTORICAL_UPDATE", entities_included_to_time_range=spans)
        if last:
            self._agenda.add("incremental_sync", connection["id"], progress.period, {"connection": connection["id"]})
        else:
            self._lifecycle.next_batch(connection)

    def _read(self, connection: Fields, batch: Mapping[str, Any]) -> None:
        now = self._clock.now()
        wanted = resources_of(self._contract, batch["entities"]) | always_synced(self._contract)
        since = months_before(now, batch["timeFrameInMonths"])
        for resource, documents in self._books.within(connection, wanted, since, now):
            self._landing.fresh(connection, resource, documents, announce=False)
        self._apply(connection, wanted, announce=False)

    def incremental_sync(self, body: Mapping[str, Any]) -> None:
        """Read what changed since the last sync. `types`: the entities of a requested sync; absent: the configured
        ones, and the next one is put on the agenda."""
        connection = self._organisation.find(body["connection"])
        if connection is None or connection["status"] not in SYNCING:
            return
        progress = progress_of(connection)
        periodic = "types" not in body
        if periodic:
            self._agenda.add("incremental_sync", connection["id"], progress.period, {"connection": connection["id"]})
        if progress.backfills or not progress.history_done:
            return
        if progress.failing is not None:
            self._lifecycle.sync_failed(connection)
            return
        self._lifecycle.sync_succeeded(connection)
        wanted = resources_of(self._contract, progress.entities if periodic else body["types"])
        if periodic or body["whole"]:
            wanted |= always_synced(self._contract)
        self._apply(connection, wanted, announce=True)
        self._announcer.connection(connection, "INCREMENTAL_SYNC_COMPLETED")

    def request_sync(self, connection: Fields, body: Any) -> Fields:
        """`POST /connections/incremental_sync`: an absent list is everything, an empty one nothing. Source: trap 19."""
        names = (body or {}).get("object_types")
        types = progress_of(connection).entities if names is None else names
        self._agenda.add("incremental_sync", f"{connection['id']}:requested", self._settings.requested_sync_seconds,
                         {"connection": connection["id"], "types": types, "whole": names is None})  # fmt: skip
        return {"success": True}

    def request_backfill(self, connection: Fields, body: Mapping[str, Any]) -> Fields:
        """`POST /connections/backfill`, already validated: incremental syncs pause until it is done."""
        progress = progress_of(connection)
        put_progress(connection, progress, backfills=progress.backfills + 1)
        self._organisation.note(connection)
        span = {name: body.get(name) for name in ("start_date", "end_date", "object_types", "include_webhooks")}
        id = f"{connection['id']}:{iso_utc(self._clock.tick())}"
        self._agenda.add("backfill", id, self._settings.backfill_seconds, {"connection": connection["id"], **span})
        return {"success": True}

    def backfill(self, body: Mapping[str, Any]) -> None:
        """Read a span of history; entity webhooks only with `include_webhooks`. Source: [S24]."""
        connection = self._organisation.find(body["connection"])
        if connection is None:
            return
        progress = progress_of(connection)
        put_progress(connection, progress, backfills=max(0, progress.backfills - 1))
        self._organisation.note(connection)
        if connection["status"] not in SYNCING:
            return
        wanted = resources_of(self._contract, body["object_types"])
        announce = bool(body["include_webhooks"])
        now = self._clock.now()
        until = min(_day(body["end_date"]), now) + timedelta(days=1) if body["end_date"] else now
        for resource, documents in self._books.within(connection, wanted, _day(body["start_date"]), until):
            self._landing.fresh(connection, resource, documents, announce=announce)
        self._apply(connection, wanted, announce=announce)
        if announce or self._settings.backfill_completed == "always":
            self._announcer.connection(connection, "BACKFILL_COMPLETED")

    def show(self, connection: Fields, resources: frozenset[str]) -> None:
        """Bring changes of a real-time platform into the API at once. Source: trap 36."""
        self._apply(connection, resources, announce=True)

    def fetch(self, connection: Mapping[str, Any], resource: str, id: str) -> None:
        """Bring what the platform has of one object into the API: a write goes to the platform, not to the API's copy,
        so what it changes is the object with all that was done to it there."""
        for change in self._changes.hidden(connection["id"], resource, id):
            self._landing.change(connection, change)
            self._changes.seen(change)

    def counted(self, connection: Fields) -> Fields:
        """The totals of a connection, counted once after every sync that has brought something."""
        found: Fields | None = self._store.record(TOTALS, connection["id"])
        if found is None:
            found = totals(self._store, self._contract, connection)
            self._store.keep(TOTALS, connection["id"], found)
        return found

    def _apply(self, connection: Fields, resources: frozenset[str], *, announce: bool) -> None:
        found = self._changes.of(connection["id"], resources)
        for change in found:
            self._landing.change(connection, change, announce=announce)
            self._changes.seen(change)
        self._store.forget(TOTALS, connection["id"])
        moment = iso_utc(self._clock.tick())
        connection["last_sync_started_at"] = connection["last_sync_completed_at"] = moment
        self._organisation.note(connection)


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
