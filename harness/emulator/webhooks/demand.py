"""Events on demand: each of the contract's event types, whether or not the double has a cause for it."""

import uuid
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from typing import Any

from harness.contract import Contract
from harness.contract.loader import suggest
from harness.emulator.documents import Documents
from harness.emulator.errors import invalid_request
from harness.emulator.jobs import all_jobs
from harness.emulator.sync.entities import event_stem, event_types
from harness.emulator.webhooks.events import Announcer, family

Fields = dict[str, Any]
MOST = 100_000


class Demand:
    """Raises events that a test asks for."""

    def __init__(self, store: Documents, contract: Contract, announcer: Announcer) -> None:
        self._store, self._contract, self._announcer = store, contract, announcer

    def emit(self, connection: Fields, body: Mapping[str, Any]) -> int:
        """Raise `{code, count?, document?, fields?}` for a connection; returns how often. An entity event is about
        `document`, or about objects that the connection has. `fields` are added to a family CONNECTION event."""
        code, count = body.get("code"), body.get("count", 1)
        known = event_types(self._contract)
        if code not in known:
            raise invalid_request(f'unknown event type "{code}"{suggest(str(code), known)}')
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
            raise invalid_request(f"count is 1 to {MOST}.", field="count")
        stem = family(code)
        if stem == "CONNECTION":
            for _ in range(count):
                self._announcer.connection(connection, code, **body.get("fields", {}))
            return count
        if stem == "JOB":
            for document in islice(self._jobs(), count):
                self._announcer.job(document)
            return count
        given = body.get("document")
        documents = [given] if given is not None else self._documents(connection, stem)
        for document in islice(cycle(documents), count):
            self._announcer.of_stem(connection, stem, code, document)
        return count

    def _documents(self, connection: Fields, stem: str) -> list[Fields]:
        for name in self._contract.resources:
            if event_stem(self._contract, name) == stem:
                rows = self._store.all(connection["id"], name)
                if rows:
                    return [row.document for row in rows]
        return [{"id": str(uuid.uuid5(uuid.UUID(connection["id"]), stem))}]

    def _jobs(self) -> Iterator[Fields]:
        request = {"method": "POST", "url": "/versioned/accounting/bills"}
        made = {"id": str(uuid.UUID(int=0, version=4)), "status": "success", "request": request,
                "response": {"http_status": 200, "body": {}}}  # fmt: skip
        return cycle(list(all_jobs(self._store)) or [made])
