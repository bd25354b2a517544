"""Jobs and idempotency keys: an accepted write is one record, its job, found also by the key that it came under.

The first accepted request's result is stored and replayed. Source: idempotency guide; [S24] AsynchronousJob.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.emulator.documents import Documents
from harness.emulator.errors import key_reused
from harness.emulator.jsontext import ordered
from harness.emulator.settings import EmulatorSettings

KIND = "accepted"
Job = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """An accepted request's result."""

    status: int
    body: Any
    job: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A key bound to a request: its `place`, what the request was, and what was `told` while its job runs. None: what
    its job has come to."""

    place: str
    fingerprint: str
    told: Any = None


class Jobs:
    """The jobs and keys of one emulator."""

    def __init__(self, store: Documents, settings: EmulatorSettings) -> None:
        self._store = store
        self._settings = settings

    def find(self, key: str | None, connection: str, fingerprint: str) -> Stored | None:
        """The stored result of this very request; ApiError 409 when the key belongs to another one."""
        kept = None if key is None else self._store.named(KIND, self._place(key, connection))
        if kept is None:
            return None
        claim, job = Claim(**kept["claim"]), kept["job"]
        if claim.fingerprint != fingerprint:
            raise key_reused()
        if claim.told is not None:
            return Stored(200, claim.told, job["id"])
        return Stored(job["response"]["http_status"], job["response"]["body"], job["id"])

    def claim(self, key: str | None, connection: str, fingerprint: str, told: Any = None) -> Claim | None:
        """What binds a key to a request; None without a key."""
        return None if key is None else Claim(self._place(key, connection), fingerprint, told)

    def keep(self, job: Job, claim: Claim | None) -> None:
        """Keep a job, new or changed."""
        if claim is None:
            self._store.keep(KIND, job["id"], {"job": job, "claim": None})
            return
        bound = {"place": claim.place, "fingerprint": claim.fingerprint, "told": claim.told}
        self._store.keep(KIND, job["id"], {"job": job, "claim": bound}, alias=claim.place)

    def end(self, job: Job, *, told: bool) -> None:
        """Keep a job that has ended. `told`: its key goes on answering what was told while the job ran."""
        kept = self._store.record(KIND, job["id"])
        claim = Claim(**kept["claim"]) if kept and kept["claim"] else None
        self.keep(job, claim if claim is None or told else Claim(claim.place, claim.fingerprint))

    def get(self, id: str) -> Job | None:
        """A job as `GET /jobs/{id}` gives it, bare; None when there is none. Source: [S24] AsynchronousJob."""
        kept = self._store.record(KIND, id)
        return kept["job"] if kept else None

    def forget_failed(self, key: str) -> None:
        """Free a key whose stored result is an error."""
        for _, kept in list(self._store.recall(KIND)):
            claim: Mapping[str, Any] | None = kept["claim"]
            failed = kept["job"].get("response", {}).get("http_status", 200) != 200
            if claim and claim["told"] is None and failed and claim["place"].endswith(key):
                self.keep(kept["job"], None)

    def _place(self, key: str, connection: str) -> str:
        return f"{connection}:{key}" if self._settings.idempotency_scope == "connection" else key


def all_jobs(store: Documents) -> Iterator[Job]:
    """Every job, the oldest first."""
    return (kept["job"] for _, kept in store.recall(KIND))


def fingerprint(method: str, path: str, query: list[tuple[str, str]], content: Any) -> str:
    """What makes two requests the same: method, path, parameters and the content, as parsed JSON or as text."""
    return hashlib.sha256(ordered([method, path, sorted(query), content])).hexdigest()
