"""`/_emulator/platform/{platform or connection}/{resource}[/{id}]`: what a user of the platform's own software does.

The API shows it after the next sync, on real-time platforms at once. Source: [D:implementation-guides/webhooks].
"""

from collections.abc import Callable
from typing import Any

from harness.contract import Contract, Resource
from harness.contract.loader import suggest
from harness.core import iso_utc
from harness.emulator.bookkeeping import Refused, created
from harness.emulator.clock import EmulatorClock
from harness.emulator.connections.lifecycle import SYNCING
from harness.emulator.errors import ApiError, invalid_request, unknown_path
from harness.emulator.identifiers import IdSource
from harness.emulator.sync.changes import Changes
from harness.emulator.sync.engine import Syncing
from harness.emulator.sync.platforms import is_real_time

Document = dict[str, Any]
Connection = dict[str, Any]


class PlatformSoftware:
    """The platforms' own software, behind the connections of one emulator."""

    def __init__(
        self,
        contract: Contract,
        clock: EmulatorClock,
        ids: IdSource,
        changes: Changes,
        syncing: Syncing,
    ) -> None:
        self._contract, self._clock, self._ids = contract, clock, ids
        self._changes, self._syncing = changes, syncing

    def edit(self, method: str, connection: Connection, resource: str, id: str | None, body: Document) -> Document:
        """One edit. POST takes the inner object of a create; PATCH takes fields of a returned object, put in as they
        are; DELETE takes nothing. Answers `{resource, id, seen}`: `seen` says whether the API shows it already."""
        found = self._resource(resource)
        inner = body.get(found.create_key or found.entity, body)
        match (method, id):
            case ("POST", None):
                documents = self._created(connection, found, inner)
                for document in documents:
                    self._changes.add(connection, found.name, "created", document["id"], document)
                id = documents[0]["id"]
            case ("PATCH", str()):
                self._changes.add(connection, found.name, "updated", id, self._changed(connection, found, id, inner))
            case ("DELETE", str()):
                self.view(connection, found.name, id)
                self._changes.add(connection, found.name, "deleted", id, {})
            case _:
                raise unknown_path()
        seen = is_real_time(connection["platform"]) and connection["status"] in SYNCING
        if seen:
            self._syncing.show(connection, frozenset({found.name}))
        return {"resource": found.name, "id": id, "seen": seen}

    def view(self, connection: Connection, resource: str, id: str) -> Document:
        """One object as the platform has it now, seen by the API or not; ApiError when it has none."""
        found = self._changes.now(connection, self._resource(resource).name, id)
        if found is None:
            raise ApiError(
                404, "API_REQUEST_ERROR", "OBJECT_NOT_FOUND", f"The platform has no {resource} with this id."
            )
        return found

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
        before = self.view(connection, resource.name, id)
        known = self._contract.schema(resource.schema_name or "").get("properties", {})
        unknown = sorted(set(inner) - set(known) | {"id"} & set(inner))
        if unknown:
            raise invalid_request(
                f"{resource.name} have no such field to change: {unknown[0]}{suggest(unknown[0], known)}"
            )
        moment = {"updated_at": iso_utc(self._clock.tick())} if "updated_at" in before else {}
        return {**inner, **moment}

    def _resource(self, name: str) -> Resource:
        if name not in self._contract.resources or self._contract.resources[name].schema_name is None:
            raise invalid_request(f'unknown resource "{name}"{suggest(name, self._contract.resources)}')
        return self._contract.resources[name]

    def _lookup(self, connection: Connection) -> Callable[[str, str], Document | None]:
        return lambda resource, number: self._changes.now(connection, resource, number)
