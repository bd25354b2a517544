"""What happened, as the payload that a webhook carries: `type` is the family, `code` the event. Source: facts 7."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.contract import Contract
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.entities import event_stem, event_types

Fields = dict[str, Any]
VERBS = ("CREATED", "UPDATED", "DELETED")
OTHER_FAMILIES = {"JOB_COMPLETED": "JOB", "PRODUCT_READY": "PRODUCT", "PRODUCT_FINISH_FAILED": "PRODUCT"}
"""Codes whose family is not CONNECTION and not the entity before CREATED, UPDATED or DELETED. INFERRED but for JOB."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `code` is one of the contract's event types; `entity` the payload's key of the entity, None when it
    has none; `platform` and `platform_data` are what a platform data configuration picks from."""

    code: str
    payload: Fields
    connection: str | None = None
    entity: str | None = None
    platform: str | None = None
    platform_data: Any = None


class Sink(Protocol):
    """Who hears of events."""

    def wants(self, code: str) -> bool:
        """Whether an event of this code would be heard at all."""

    def take(self, event: Event) -> None:
        """Hear one."""


class Announcer:
    """Composes events and hands them to a sink."""

    def __init__(self, contract: Contract, settings: EmulatorSettings, sink: Sink) -> None:
        self._contract, self._settings, self._sink = contract, settings, sink
        self._types = frozenset(event_types(contract))

    def connection(self, connection: Mapping[str, Any], code: str, **fields: Any) -> None:
        """A family CONNECTION event. Source: [DA:docs/connection-webhooks]."""
        if self._sink.wants(code):
            payload = {"type": "CONNECTION", "code": code, **_whose(connection), **fields}
            self._sink.take(Event(code, payload, connection["id"]))

    def entity(self, connection: Mapping[str, Any], resource: str, verb: str, document: Mapping[str, Any]) -> None:
        """An entity was created, updated or deleted; nothing for what has no such event type, such as sales receipts.
        Source of the shape: [I]; its key and whether it is an array are UNKNOWN, see `entity_event_shape`."""
        if self.heard(resource, verb):
            stem = str(event_stem(self._contract, resource))
            self.of_stem(connection, stem, f"{stem}_{verb.upper()}", document)

    def heard(self, resource: str, verb: str) -> bool:
        """Whether an entity event would be heard by anyone."""
        stem = event_stem(self._contract, resource)
        code = f"{stem}_{verb.upper()}"
        return stem is not None and code in self._types and self._sink.wants(code)

    def of_stem(self, connection: Mapping[str, Any], stem: str, code: str, document: Mapping[str, Any]) -> None:
        """An event of family `stem` about a document; deletes expose its id only.
        Source: [D:implementation-guides/monitoring-deleted-objects]."""
        body: Any = {name: value for name, value in document.items() if name != "platform_data"}
        if code.endswith("_DELETED"):
            body = {"id": document["id"]}
        shown = [body] if self._settings.entity_event_shape == "array" else body
        key = stem.lower()
        payload = {"type": stem, "code": code, **_whose(connection), key: shown}
        raw = document.get("platform_data")
        self._sink.take(Event(code, payload, connection["id"], key, connection["platform"], raw))

    def job(self, job: Mapping[str, Any]) -> None:
        """A job has ended. Source: [I]: it is nested under `job`, without connection or token."""
        if self._sink.wants("JOB_COMPLETED"):
            self._sink.take(Event("JOB_COMPLETED", {"type": "JOB", "code": "JOB_COMPLETED", "job": dict(job)}))


def family(code: str) -> str:
    """The `type` of an event code."""
    stem, _, verb = code.rpartition("_")
    if verb in VERBS and stem != "CONNECTION":
        return stem
    return OTHER_FAMILIES.get(code, "CONNECTION")


def _whose(connection: Mapping[str, Any]) -> Fields:
    return {"connection_id": connection["id"], "access_token": connection["access_token"]}
