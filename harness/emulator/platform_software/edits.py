"""`/_emulator/platform/{platform or connection}/{resource}[/{id}]`: what a user of the platform's own software does.

The API shows it after the next sync, on real-time platforms at once. Source: [D:implementation-guides/webhooks].
"""

from collections.abc import Callable, Mapping
from typing import Any

from harness.contract import Contract, Resource
from harness.contract.loader import suggest
from harness.core import iso_utc
from harness.emulator.bookkeeping import Refused, created
from harness.emulator.bookkeeping.derived import derive
from harness.emulator.clock import EmulatorClock
from harness.emulator.documents import Documents
from harness.emulator.errors import ApiError, invalid_request, unknown_path
from harness.emulator.identifiers import IdSource
from harness.emulator.sync.books import PlatformBooks
from harness.emulator.sync.changes import Changes
from harness.emulator.sync.engine import SYNCING, Syncing
from harness.emulator.sync.platforms import REAL_TIME

Document = dict[str, Any]
Connection = dict[str, Any]


class PlatformSoftware:
    """The platforms' own software, behind the connections of one emulator."""

    def __init__(
        self,
        store: Documents,
        contract: Contract,
        clock: EmulatorClock,
        ids: IdSource,
        changes: Changes,
        syncing: Syncing,
        books: PlatformBooks,
    ) -> None:
        self._store, self._contract, self._clock, self._ids = store, contract, clock, ids
        self._changes, self._syncing, self._books = changes, syncing, books

    def edit(self, method: str, connection: Connection, resource: str, id: str | None, body: Document) -> Document:
        """One edit. POST takes the inner object of a create; PATCH takes fields of a returned object, put in as they
        are; DELETE takes nothing. Answers `{resource, id, seen}`: `seen` says whether the API shows it already."""
        found = self._resource(resource)
        inner = body.get(found.create_key or found.entity, body)
        match (method, id):
            case ("POST", None):
                verb, documents = "created", self._created(connection, found, inner)
            case ("PATCH", str()):
                verb, documents = "updated", [self._changed(connection, found, str(id), inner)]
            case ("DELETE", str()):
                verb, documents = "deleted", [self._now(connection, found.name, str(id))]
            case _:
                raise unknown_path()
        for document in documents:
            self._changes.add(connection, found.name, verb, document)
        seen = connection["platform"] in REAL_TIME and connection["status"] in SYNCING
        if seen:
            self._syncing.show(connection, frozenset({found.name}))
        return {"resource": found.name, "id": documents[0]["id"], "seen": seen}

    def view(self, connection: Connection, resource: str, id: str) -> Document:
        """One object as the platform has it now, seen by the API or not."""
        return self._now(connection, self._resource(resource).name, id)

    def _created(self, connection: Connection, resource: Resource, inner: Document) -> list[Document]:
        if resource.create_schema_name is None:
            raise invalid_request(f"{resource.name} cannot be created.")
        for problem in self._contract.validator(resource.create_schema_name).problems(inner):
            if problem.keyword != "format":
                raise invalid_request(f"{problem.path}: {problem.message}", field=problem.path)
        try:
            return created(self._contract, resource, connection["platform"], inner,
                           ids=self._ids, now=self._clock.tick(), lookup=self._lookup(connection))  # fmt: skip
        except Refused as error:
            raise invalid_request(str(error)) from None

    def _changed(self, connection: Connection, resource: Resource, id: str, inner: Document) -> Document:
        before = self._now(connection, resource.name, id)
        unknown = sorted(set(inner) - set(self._contract.schema(resource.schema_name or "").get("properties", {})))
        if unknown:
            raise invalid_request(f"{resource.name} have no field {unknown[0]}{suggest(unknown[0], before)}")
        after = derive(resource.name, {**before, **inner, "id": id})
        if "updated_at" in after:
            after["updated_at"] = iso_utc(self._clock.tick())
        return after

    def _now(self, connection: Connection, resource: str, id: str) -> Document:
        pending = self._changes.latest(connection["id"], resource, id)
        if pending is not None and pending.verb != "deleted":
            return pending.document
        row = None if pending else self._store.get(connection["id"], resource, id)
        found = row.document if row else None if pending else self._books.find(connection, resource, id)
        if found is None:
            raise ApiError(
                404, "API_REQUEST_ERROR", "OBJECT_NOT_FOUND", f"The platform has no {resource} with this id."
            )
        return found

    def _resource(self, name: str) -> Resource:
        if name not in self._contract.resources or self._contract.resources[name].schema_name is None:
            raise invalid_request(f'unknown resource "{name}"{suggest(name, self._contract.resources)}')
        return self._contract.resources[name]

    def _lookup(self, connection: Mapping[str, Any]) -> Callable[[str, str], Document | None]:
        def lookup(resource: str, id: str) -> Document | None:
            try:
                return self._now(dict(connection), resource, id)
            except ApiError:
                return None

        return lookup
