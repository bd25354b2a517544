"""Idempotency keys: the first accepted request's result is stored and replayed. Source: idempotency guide."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from harness.emulator.documents import Documents
from harness.emulator.errors import key_reused
from harness.emulator.settings import EmulatorSettings


@dataclass(frozen=True, slots=True)
class Stored:
    """An accepted request's result."""

    status: int
    body: Any
    job: str


class Keys:
    """The keys of one emulator, by scope."""

    def __init__(self, store: Documents, settings: EmulatorSettings) -> None:
        self._store = store
        self._settings = settings

    def find(self, key: str | None, connection: str, fingerprint: str) -> Stored | None:
        """The stored result of this very request; ApiError 409 when the key belongs to another one."""
        if key is None:
            return None
        kept = self._store.record("key", self._place(key, connection))
        if kept is None:
            return None
        if kept["fingerprint"] != fingerprint:
            raise key_reused()
        body = kept["told"]
        if body is None:
            body = self._store.record("job", kept["job"])["response"]["body"]
        return Stored(kept["status"], body, kept["job"])

    def keep(self, key: str | None, connection: str, fingerprint: str, status: int, job: str, told: Any = None) -> None:
        """Bind a key to an accepted request's result: the body of its job, or what was `told` before the job ends."""
        if key is not None:
            body = {"fingerprint": fingerprint, "status": status, "job": job, "told": told}
            self._store.keep("key", self._place(key, connection), body)

    def _place(self, key: str, connection: str) -> str:
        return f"{connection}:{key}" if self._settings.idempotency_scope == "connection" else key


def fingerprint(method: str, path: str, query: list[tuple[str, str]], content: Any) -> str:
    """What makes two requests the same: method, path, parameters and the content, as parsed JSON or as text."""
    text = json.dumps([method, path, sorted(query), content], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
