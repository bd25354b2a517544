"""What one case sends: raw requests and reads, with what they are evidence of."""

import json as jsonlib
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn
from urllib.parse import urlsplit

from harness.client import Call, walk_pages
from harness.client.api import basic
from harness.contract import Contract, Resource
from harness.core import Evidence, Secret
from harness.drive.connection import Connection
from harness.drive.results import Walk
from harness.drive.sandbox import SANDBOX, beyond_sandbox
from harness.plan.case import Case

if TYPE_CHECKING:
    from harness.drive.session import Session

SNAPSHOT_LIMIT = 100
MAX_PAGES = 50
LISTING = "/connections"


class _Given(Enum):
    OWN = "own"
    UNSET = "unset"


OWN: Final = _Given.OWN
"""The right value: this connection's token, this organisation's pair, this contract's version."""
UNSET: Final = _Given.UNSET
"""No body."""

Own = Literal[_Given.OWN]
Query = Mapping[str, Any] | Iterable[tuple[str, Any]]


class Inconclusive(Exception):
    """Ends a case: there is nothing to judge. Its text says why."""


class Requests:
    """The part of a drive that knows nothing of writes. `evidence` holds all that was made in this case, in order.
    Nothing is raised for what the target answers."""

    def __init__(self, session: "Session", case: Case, platform: str, parent: "Requests | None" = None) -> None:
        self.session = session
        self.case = case
        self.platform = platform
        self.contract: Contract = session.contract
        self.evidence: list[Evidence] = parent.evidence if parent else []
        self._bodies: dict[str, bytes] = parent._bodies if parent else {}  # noqa: SLF001 - of the same class

    @property
    def connection(self) -> Connection:
        """The platform's connection; ends the case as inconclusive when there is none that can be used."""
        if self.session.owes_listing:  # what stood at the beginning of the run belongs into the evidence of a case
            self.session.owes_listing = False
            self.send("GET", LISTING, query={"status": "any"}, token=None, resource="connections", operation="list")
        problem = self.session.world.problems.get(self.platform)
        if self.session.world.target.name == SANDBOX:
            problem = problem or beyond_sandbox(self.case)
        found = self.session.world.connections.get(self.platform)
        if problem is not None or found is None:
            self.inconclusive(problem or f"no {self.platform} connection")
        return found

    def keep(self, evidence: Evidence, body: bytes) -> None:
        """Remember evidence of this case with its raw body, in memory."""
        self.evidence.append(evidence)
        self._bodies[evidence.id] = body
        shown = evidence.body.get("next_cursor") if isinstance(evidence.body, dict) else None
        if isinstance(shown, str) and "{{" in shown:  # it holds a secret, and the target wants it back
            self.session.cursors[shown] = str(self.raw(evidence)["next_cursor"])

    def raw(self, evidence: Evidence) -> Any:
        """The JSON body of an exchange of this case before redaction; None when it is not JSON. Never write it."""
        try:
            return jsonlib.loads(self._bodies[evidence.id])
        except ValueError:
            return None

    def content(self, evidence: Evidence) -> bytes:
        """The bytes of the answer of an exchange of this case, before redaction. Never write them."""
        return self._bodies[evidence.id]

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        json: Any = UNSET,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | Secret | Own | None = OWN,
        auth: tuple[str, str] | Own | None = OWN,
        version: str | Own | None = OWN,
        key: str | None = None,
        resource: str | None = None,
        operation: str | None = None,
        retry: bool = True,
    ) -> Evidence:
        """One request; `path` is relative to the base URL. `token`, `auth` and `version` are the right ones unless
        given; None leaves them out. `retry` False sends exactly once."""
        target = self.session.world.target
        connection = self.session.world.connections.get(self.platform)
        given = query.items() if isinstance(query, Mapping) else query
        pairs = [(name, self._meant(str(value))) for name, value in given]
        if token is not None:
            connection = self.connection  # what needs no token needs no usable connection either
            chosen = connection.access_token if token is OWN else token
            pairs.append(("access_token", chosen.reveal() if isinstance(chosen, Secret) else str(chosen)))
        sent: dict[str, str] = {"Accept": "application/json"}
        if auth is not None:
            sent["Authorization"] = target.credentials.header() if auth is OWN else basic(*auth)
        if version is not None:
            sent["X-Rutter-Version"] = target.version if version is OWN else version
        if json is not UNSET:
            content = jsonlib.dumps(json, ensure_ascii=False).encode()
        if content is not None:
            sent["Content-Type"] = "application/json"
        if key is not None:
            sent["Idempotency-Key"] = key
        sent.update(headers or {})
        call = Call(
            method,
            path,
            tuple(pairs),
            sent,
            content,
            platform=self.platform,
            connection_id=connection.id if connection else None,
            resource=resource if resource is not None else self.case.resource,
            operation=operation,
        )
        return self.session.send(call, retry=retry)

    def _meant(self, value: str) -> str:
        """What a value of a query, made of evidence, is called at the target."""
        return self.session.redactor.asked(self.session.cursors.get(value, value))

    def get(self, resource: str, id: str, **query: Any) -> Evidence:
        """`GET` of one object by id."""
        path = self._resource(resource).operations["get"].url_path(id=id)
        return self.send("GET", path, query=query, resource=resource, operation="get")

    def again(self, evidence: Evidence) -> Evidence:
        """The same `GET` once more."""
        asked = [(name, value) for name, value in evidence.query if name != "access_token"]
        path = evidence.path.removeprefix(urlsplit(self.session.world.target.base_url).path.rstrip("/"))
        return self.send("GET", path, query=asked, resource=evidence.resource or "", operation=evidence.operation)

    def page(self, resource: str, **query: Any) -> Evidence:
        """One page of a list; `query` goes as it is."""
        path = self._resource(resource).operations["list"].path
        return self.send("GET", path, query=query, resource=resource, operation="list")

    def walk(self, resource: str, *, max_pages: int = MAX_PAGES, **query: Any) -> Walk:
        """A list walked to its end, following `next_cursor` under the same query."""
        list_key = self._resource(resource).list_key or resource
        flow = walk_pages(list_key, maximum=max_pages)
        pages: list[Evidence] = []
        rows: list[dict[str, Any]] = []
        origins: list[int] = []
        cursor = next(flow)
        while True:
            page = self.page(resource, **query, **({"cursor": cursor} if cursor is not None else {}))
            listed = page.body.get(list_key) if page.ok else None
            for row in listed if isinstance(listed, list) else [listed]:
                if isinstance(row, dict):
                    rows.append(row)
                    origins.append(len(pages))
            pages.append(page)
            try:
                cursor = flow.send(page.body if page.ok else None)
            except StopIteration as ended:
                end = ended.value
                return Walk(tuple(pages), tuple(rows), tuple(origins), end.complete, end.problem)

    def snapshot(self, resource: str, *, refresh: bool = False) -> Walk:
        """The whole list, read once per worker and platform; `refresh` reads it again."""
        place = (self.platform, resource)
        if refresh or place not in self.session.snapshots:
            query = {"limit": SNAPSHOT_LIMIT} if self._resource(resource).is_paged else {}
            shared = nullcontext() if refresh else self.session.script.chapter(f"list/{self.platform}/{resource}")
            with shared:
                walk = self.session.snapshots[place] = self.walk(resource, **query)
            self.session.whole.update(walk.evidence_ids)
        return self.session.snapshots[place]

    def uuid(self) -> str:
        """A fresh version 4 uuid, for a name that nothing has yet."""
        return self.session.script.uuid()

    def inconclusive(self, reason: str) -> NoReturn:
        """End the case: there is nothing to judge."""
        raise Inconclusive(reason)

    def _resource(self, name: str) -> Resource:
        return self.contract.resource(name)
