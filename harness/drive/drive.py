"""What one case acts through: raw requests, reads, writes, references."""

import json as jsonlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from harness.client import Call, follow_job, job_reference, walk_pages
from harness.client.api import basic
from harness.contract import Contract, Resource
from harness.core import Evidence, Secret
from harness.drive.connection import Connection
from harness.drive.fill import Filler
from harness.drive.results import Walk, Write
from harness.plan.case import Case, Requirement
from harness.plan.inputs import minimal_input

if TYPE_CHECKING:
    from harness.drive.session import Session

T = TypeVar("T")
SNAPSHOT_LIMIT = 100
MAX_PAGES = 50


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


class Drive:
    """One per case; cheap. Shares its session's client, snapshots and journal.

    `evidence` holds all that was made in this case, in order. Nothing is raised for what the target answers.
    """

    def __init__(self, session: "Session", case: Case, platform: str, parent: "Drive | None" = None) -> None:
        self.session = session
        self.case = case
        self.platform = platform
        self.contract: Contract = session.contract
        self.evidence: list[Evidence] = parent.evidence if parent else []
        self._bodies: dict[str, bytes] = parent._bodies if parent else {}  # noqa: SLF001 - of the same class
        self._filler = Filler(self)

    @property
    def requirement(self) -> Requirement | None:
        """What the plans ask of the case's resource; None for cases about the API as a whole."""
        return self.session.requirements.get((self.platform, self.case.resource or ""))

    @property
    def connection(self) -> Connection:
        """The platform's connection; ends the case as inconclusive when there is none that can be used."""
        problem = self.session.world.problems.get(self.platform)
        found = self.session.world.connections.get(self.platform)
        if problem is not None or found is None:
            self.inconclusive(problem or f"no {self.platform} connection")
        return found

    def keep(self, evidence: Evidence, body: bytes) -> None:
        """Remember evidence of this case with its raw body, in memory."""
        self.evidence.append(evidence)
        self._bodies[evidence.id] = body

    def raw(self, evidence: Evidence) -> Any:
        """The JSON body of an exchange of this case before redaction; None when it is not JSON. Never write it."""
        try:
            return jsonlib.loads(self._bodies[evidence.id])
        except ValueError:
            return None

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
        pairs = [(name, str(value)) for name, value in (query.items() if isinstance(query, Mapping) else query)]
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
        return self.session.client.send(call, retry=retry)

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
            walk = self.session.snapshots[place] = self.walk(resource, **query)
            self.session.whole.update(walk.evidence_ids)
        return self.session.snapshots[place]

    def create(self, resource: str, body: Any, *, key: str | None = None, response_mode: str | None = None) -> Write:
        """`POST` of the inner object `body`, journalled before it is sent; a job is followed to its end."""
        found = self._resource(resource)
        used = key or str(uuid4())
        self.session.journal.intend(self.platform, resource, used, self.case.id)
        evidence = self.send(
            "POST",
            found.operations["create"].path,
            json=_wrap(found.create_key, body, response_mode),
            key=used,
            resource=resource,
            operation="create",
        )
        write = self._follow(found, evidence)
        for entity in write.entities:
            if isinstance(entity.get("id"), str):
                self.session.journal.created(used, entity["id"])
        if not write.ok and not write.indeterminate:
            self.session.journal.settled(used)
        return write

    def update(
        self, resource: str, id: str, body: Any, *, key: str | None = None, response_mode: str | None = None
    ) -> Write:
        """`PATCH` of the inner object `body`; a job is followed to its end."""
        found = self._resource(resource)
        evidence = self.send(
            "PATCH",
            found.operations["update"].url_path(id=id),
            json=_wrap(found.update_key, body, response_mode),
            key=key or str(uuid4()),
            resource=resource,
            operation="update",
        )
        return self._follow(found, evidence)

    def delete(self, resource: str, id: str, *, response_mode: str | None = None) -> Write:
        """`DELETE` of an object that this run created; a job is followed to its end."""
        found = self._resource(resource)
        evidence = self.send(
            "DELETE",
            found.operations["delete"].url_path(id=id),
            json={"response_mode": response_mode} if response_mode else {},
            resource=resource,
            operation="delete",
        )
        write = self._follow(found, evidence)
        if write.ok:
            self.session.journal.deleted(id)
        return write

    def adopt(self, resource: str, id: str) -> None:
        """Put an object that a request of this case made on the list of what is cleaned up."""
        used = str(uuid4())
        self.session.journal.intend(self.platform, resource, used, self.case.id)
        self.session.journal.created(used, id)

    def job(self, id: str) -> Evidence:
        """`GET /jobs/{id}`, which takes no access token. Source: [S24]."""
        return self.send("GET", f"/jobs/{id}", token=None, resource="jobs", operation="get")

    def await_job(self, id: str) -> Evidence:
        """Look at a job until it left its running states or the patience of `follow_job` ends; the last look."""
        flow = follow_job()
        pause = next(flow)
        while True:
            self.session.clock.sleep(pause)
            evidence = self.job(id)
            try:
                pause = flow.send(evidence.body if evidence.ok else None)
            except StopIteration:
                return evidence

    def row(self, resource: str, where: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """An existing row to refer to; active ones first; None when there is none."""
        found: dict[str, Any] | None = self._filler.row(resource, where or {})
        return found

    def fill(self, template: Any) -> Any:
        """`template` with its directives resolved on this platform; one call refers to one consistent set of rows."""
        return self._filler.fill(template)

    def minimal_input(self, resource: str | None = None) -> dict[str, Any]:
        """The smallest accepted create body, filled in: the plan's, or made from the contract."""
        name = resource or self.case.resource or ""
        requirement = self.session.requirements.get((self.platform, name))
        planned = requirement.create_input if requirement else None
        template = planned if planned is not None else minimal_input(self.contract, name, self.platform)
        return dict(self.fill(dict(template)))

    def other_connection(self) -> "Drive | None":
        """The same case seen from another connection of the organisation; None if there is only one. Prefers one on
        which the case's resource can be read."""
        world = self.session.world
        names = [name for name in world.connections if name != self.platform and name not in world.problems]
        resource = self.contract.resources.get(self.case.resource or "")
        names.sort(key=lambda name: resource is not None and not resource.supports("get", name))
        return Drive(self.session, self.case, names[0], self) if names else None

    def together(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Run several sends at the same time, each in a thread; results in order."""
        with ThreadPoolExecutor(max_workers=len(calls)) as pool:
            return [future.result() for future in [pool.submit(call) for call in calls]]

    def inconclusive(self, reason: str) -> NoReturn:
        """End the case: there is nothing to judge."""
        raise Inconclusive(reason)

    def _resource(self, name: str) -> Resource:
        return self.contract.resource(name)

    def _follow(self, resource: Resource, evidence: Evidence) -> Write:
        """A write's own answer, or the end of the job it was answered with."""
        status, body, job = evidence.status, evidence.body, None
        reference = job_reference(body) if evidence.status == 200 else None
        if reference is not None:
            job = self.await_job(reference)
            done = job.body.get("response") if job.ok else None
            status = done.get("http_status") if isinstance(done, dict) else None
            body = done.get("body") if isinstance(done, dict) else None
        entities = _entities(resource, body) if status == 200 else ()
        lost = evidence.status is None or evidence.status >= 500 or (job is not None and status is None)
        return Write(
            evidence=evidence,
            job=job,
            status=status,
            body=body,
            entity=entities[0] if entities else None,
            entities=entities,
            indeterminate=lost,
        )


def _wrap(wrapper: str | None, body: Any, response_mode: str | None) -> Any:
    wrapped = {wrapper: body} if wrapper else body
    if response_mode is not None and isinstance(wrapped, dict):
        return {**wrapped, "response_mode": response_mode}
    return wrapped


def _entities(resource: Resource, body: Any) -> tuple[dict[str, Any], ...]:
    """The objects of a write's answer: under the item's key, or the list's key for bulk writes, or bare."""
    if not isinstance(body, dict):
        return ()
    for key in (resource.item_key, resource.list_key, resource.create_key):
        value = body.get(key) if key else None
        if isinstance(value, dict):
            return (value,)
        if isinstance(value, list):
            return tuple(item for item in value if isinstance(item, dict))
    return (body,) if resource.item_key is None and "id" in body else ()
