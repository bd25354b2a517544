"""What happened, as the payload that a webhook carries: `type` is the family, `code` the event. Source: facts 7."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.contract import Contract
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.entities import event_stem, event_types

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `code` is one of the contract's event types."""

    code: str
    payload: Fields


class Announcer:
    """Composes events and hands them to `listeners`. Without a listener it does nothing."""

    def __init__(self, contract: Contract, settings: EmulatorSettings) -> None:
        self._contract, self._settings = contract, settings
        self._types = frozenset(event_types(contract))
        self.listeners: list[Callable[[Event], None]] = []

    def connection(self, connection: Mapping[str, Any], code: str, **fields: Any) -> None:
        """A family CONNECTION event. Source: [DA:docs/connection-webhooks]."""
        if self.listeners:
            self._tell(code, {"type": "CONNECTION", "code": code, **_whose(connection), **fields})

    def entity(self, connection: Mapping[str, Any], resource: str, verb: str, document: Mapping[str, Any]) -> None:
        """An entity was created, updated or deleted; nothing for what has no such event type, such as sales receipts.
        Source of the shape: [I]; its key and whether it is an array are UNKNOWN, see `entity_event_shape`."""
        stem = event_stem(self._contract, resource)
        code = f"{stem}_{verb.upper()}"
        if not self.listeners or stem is None or code not in self._types:
            return
        body: Any = {name: value for name, value in document.items() if name != "platform_data"}
        if verb == "deleted":
            body = {"id": document["id"]}
        shown = [body] if self._settings.entity_event_shape == "array" else body
        self._tell(code, {"type": stem, "code": code, **_whose(connection), stem.lower(): shown})

    def job(self, job: Mapping[str, Any]) -> None:
        """A job has ended. Source: [I]: it is nested under `job`, without connection or token."""
        if self.listeners:
            self._tell("JOB_COMPLETED", {"type": "JOB", "code": "JOB_COMPLETED", "job": dict(job)})

    def _tell(self, code: str, payload: Fields) -> None:
        for listener in self.listeners:
            listener(Event(code, payload))


def _whose(connection: Mapping[str, Any]) -> Fields:
    return {"connection_id": connection["id"], "access_token": connection["access_token"]}
