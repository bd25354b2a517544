"""Carrying out a write, step by step; each step can be repeated after a crash."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.backend.catalogue import MIRRORED
from harness.backend.gateway import Gateway, Reply
from harness.backend.mirror import millis
from harness.backend.rests import Later
from harness.backend.wishes import Wishes
from harness.backend.writes import DONE, ENDED, FAILED, JOB, SENT, UNSURE, WAITING, Write, Writes, new_key
from harness.client.jobs import RUNNING, job_reference
from harness.core import Clock

SKEW_MS = 60_000.0
PAGE = 500
AGAIN, JOB_AGAIN = 2.0, 2.0
MOST_TRIES = 4
"""Keys that one write may use up; then a person has to look."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Carries out writes of one thread. `looks` are the pauses, in seconds, before each look for an object after a 5xx;
    it counts as not made when none of them finds it."""

    writes: Writes
    wishes: Wishes
    gateway: Gateway
    clock: Clock
    looks: tuple[float, ...]

    def carry_out(self, reference: str) -> None:
        """Take the next steps until it has ended; Later or Paused while it has to wait."""
        write = self.writes.get(reference)
        while write is not None and write.state not in ENDED:
            if write.state == JOB:
                self._follow(write)
            elif write.state == UNSURE:
                self._look(write)
            else:
                self._send(write)
            write = self.writes.get(reference)

    def _send(self, write: Write) -> None:
        """Send it under its key: also when it may have been sent before, because the key makes that harmless."""
        if write.state == WAITING:
            self.writes.note(write.reference, state=SENT, sent_at=self.clock.now().timestamp())
        reply = self.gateway.call("POST", MIRRORED[write.resource].path, connection_id=write.connection_id,
                                  body=json.loads(write.body), key=write.key)  # fmt: skip
        if reply.status is None:
            raise Later(AGAIN)
        job = job_reference(reply.body) if reply.ok else None
        if job is not None:
            self.writes.note(write.reference, state=JOB, job_id=job)
            raise Later(JOB_AGAIN)
        self._ended(write, reply)

    def _follow(self, write: Write) -> None:
        """Look at its job. Source: [S24] GET /jobs/{id}."""
        reply = self.gateway.call("GET", f"/jobs/{write.job_id}")
        body = reply.body if reply.ok and isinstance(reply.body, dict) else {}
        job = body["job"] if isinstance(body.get("job"), dict) else body
        if not job or job.get("status") in RUNNING:
            raise Later(JOB_AGAIN)
        response = job.get("response")
        answer = response if isinstance(response, dict) else {}
        self._ended(write, Reply(answer.get("http_status"), answer.get("body")))

    def _ended(self, write: Write, reply: Reply) -> None:
        """What the answer to the write itself means."""
        body = reply.body if isinstance(reply.body, dict) else {}
        if reply.ok:
            made = next((item for item in body.values() if isinstance(item, dict) and "id" in item), {})
            self._done(write, made.get("id"))
        elif reply.status is None or reply.status >= 500:
            self.writes.note(write.reference, state=UNSURE, looks=0, job_id=None)
            raise Later(self.looks[0])
        else:
            told = f"HTTP {reply.status} {body.get('error_code', '')}: {body.get('error_message', '')}"
            self.writes.note(write.reference, state=FAILED, problem=told[:500])

    def _look(self, write: Write) -> None:
        """Is the object there in spite of a 5xx? When no look finds it, the write goes out under a new key."""
        found = self._found(write)
        if found is not None:
            self._done(write, found)
        elif write.looks + 1 < len(self.looks):
            self.writes.note(write.reference, looks=write.looks + 1)
            raise Later(self.looks[write.looks + 1])
        elif write.tries >= MOST_TRIES:
            problem = f"the API failed {write.tries} times, and the object is not there"
            self.writes.note(write.reference, state=FAILED, problem=problem)
        else:
            self.writes.note(write.reference, state=WAITING, key=new_key(), tries=write.tries + 1, looks=0)

    def _found(self, write: Write) -> str | None:
        """The id of an object made since, with every plain value of the write, that is no other write's."""
        what = MIRRORED[write.resource]
        since = (write.sent_at or 0.0) * 1000 - SKEW_MS
        inner = next((item for item in json.loads(write.body).values() if isinstance(item, dict)), {})
        query: dict[str, Any] = {"limit": PAGE}
        if what.incremental:
            query["last_synced_at_min"] = round(since)
        while True:
            reply = self.gateway.call("GET", what.path, connection_id=write.connection_id, query=query)
            rows = reply.body.get(what.key) if reply.ok and isinstance(reply.body, dict) else None
            if not isinstance(rows, list):
                raise Later(AGAIN)
            alike = [row["id"] for row in rows if _alike(row, inner, since)]
            others = self.writes.known(write.connection_id, alike)
            mine = [id for id in alike if id not in others]
            if mine or not reply.body.get("next_cursor"):
                return mine[0] if mine else None
            query["cursor"] = reply.body["next_cursor"]

    def _done(self, write: Write, object_id: Any) -> None:
        self.writes.note(write.reference, state=DONE, object_id=object_id if isinstance(object_id, str) else None)
        self.wishes.add(write.connection_id, write.resource)


def _alike(row: Any, inner: Mapping[str, Any], since: float) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or millis(row.get("created_at")) < since:
        return False
    shared = [name for name, value in inner.items() if isinstance(value, str | int | float) and name in row]
    return bool(shared) and all(row[name] == inner[name] for name in shared)
