"""What one case acts through: requests, writes that are journalled, references."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from harness.client import follow_job, job_reference
from harness.contract import Resource
from harness.core import Evidence
from harness.drive.fill import Filler
from harness.drive.requests import OWN, UNSET, Inconclusive, Requests
from harness.drive.results import Write
from harness.plan.case import Case, Requirement
from harness.plan.inputs import minimal_input

if TYPE_CHECKING:
    from harness.drive.session import Session

__all__ = ["OWN", "UNSET", "Drive", "Inconclusive"]

T = TypeVar("T")
BOUNDARY = "golive-9f1c6b0e5d7a4c83"
"""Between the parts of a form: the same in every run, so that a recorded request is asked again byte for byte."""
IMPATIENT = 2.0
"""Seconds to wait for a job once one has never ended."""


class Drive(Requests):
    """One per case; cheap. Shares its session's client, snapshots and journal."""

    def __init__(self, session: "Session", case: Case, platform: str, parent: "Drive | None" = None) -> None:
        super().__init__(session, case, platform, parent)
        self._filler = Filler(self)

    @property
    def requirement(self) -> Requirement | None:
        """What the plans ask of the case's resource; None for cases about the API as a whole."""
        return self.session.requirements.get((self.platform, self.case.resource or ""))

    def create(
        self, resource: str, body: Any, *, key: str | None = None, response_mode: str | None = None, **access: Any
    ) -> Write:
        """`POST` of the inner object `body`, journalled before it is sent; a job is followed to its end. `access` goes
        to `send`: a wrong `token` or `auth`.

        An id that a list had before the run wrote is no object of this run, whatever the answer says: it is remembered
        as a stranger, never journalled, and neither updated nor deleted.
        """
        found = self._resource(resource)
        if found.supports("list", self.platform):
            self.snapshot(resource)
        used = key or self.session.new_key()
        self.session.journal.intend(self.platform, resource, used, self.case.id)
        evidence = self.send(
            "POST",
            found.operations["create"].path,
            json=_wrap(found.create_key, body, response_mode),
            key=used,
            resource=resource,
            operation="create",
            **access,
        )
        write = self._follow(found, evidence)
        for id in (entity.get("id") for entity in write.entities):
            if isinstance(id, str) and id not in self.session.made and self._was_there(resource, id):
                self.session.strangers.add(id)
            elif isinstance(id, str):
                self.session.made.setdefault(id, self.case.id)
                self.session.journal.created(used, id)
        if not write.ok and not write.indeterminate:
            self.session.journal.settled(used)
        return write

    def update(
        self, resource: str, id: str, body: Any, *, key: str | None = None, response_mode: str | None = None
    ) -> Write:
        """`PATCH` of the inner object `body`; a job is followed to its end."""
        found = self._resource(resource)
        self._own_only(id)
        evidence = self.send(
            "PATCH",
            found.operations["update"].url_path(id=id),
            json=_wrap(found.update_key, body, response_mode),
            key=key or self.session.new_key(),
            resource=resource,
            operation="update",
        )
        return self._follow(found, evidence)

    def delete(self, resource: str, id: str, *, response_mode: str | None = None) -> Write:
        """`DELETE` of an object that this run created; a job is followed to its end."""
        found = self._resource(resource)
        self._own_only(id)
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
            if not (isinstance(write.body, dict) and write.body.get("code") == "not_found"):
                self.session.gone.setdefault((self.platform, resource), {})[id] = evidence.id
        return write

    def act(self, resource: str, operation: str, body: Any, **values: str) -> Write:
        """An operation that makes no object to be cleaned up: taking a credit back, or making a part of an object of
        this run, which goes with it. `values` fill its path; a job is followed to its end."""
        found = self._resource(resource)
        for id in values.values():
            self._own_only(id)
        asked = found.operations[operation]
        key = None if asked.method == "DELETE" else self.session.new_key()
        evidence = self.send(
            asked.method,
            asked.url_path(**values),
            json=UNSET if body is None else body,
            key=key,
            resource=resource,
            operation=operation,
        )
        return self._follow(found, evidence)

    def upload(self, resource: str, id: str, name: str, content: bytes) -> Write:
        """Attach a file that the run made up to an object of this run: a form, though the contract says JSON. Source:
        [S24] example."""
        found = self._resource(resource)
        self._own_only(id)
        self.session.redactor.spare(content)
        form = httpx.Request(
            "POST", self.session.world.target.base_url, data={"file_name": name},
            files={"file": (name, content, "application/octet-stream")},
            headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
        )  # fmt: skip
        path, key = found.operations["create_attachment"].url_path(id=id), self.session.new_key()
        evidence = self.send(
            "POST", path, content=form.read(), headers={"Content-Type": form.headers["content-type"]}, key=key,
            resource=resource, operation="create_attachment",
        )  # fmt: skip
        return self._follow(found, evidence)

    def try_delete(self, resource: str, id: str) -> Write:
        """`DELETE` of an object that this connection must not be able to delete: nothing of it is journalled."""
        found = self._resource(resource)
        path = found.operations["delete"].url_path(id=id)
        return self._follow(found, self.send("DELETE", path, json={}, resource=resource, operation="delete"))

    def try_create(self, resource: str, body: Mapping[str, Any]) -> Write:
        """`POST` of what this connection must not accept; what it makes nevertheless is cleaned up."""
        found = self._resource(resource)
        operation = found.operations["create"]
        write = self._follow(
            found,
            self.send("POST", operation.path, json=_wrap(found.create_key, body, None), key=self.session.new_key(),
                      resource=resource, operation="create"),
        )  # fmt: skip
        for entity in write.entities:
            if isinstance(entity.get("id"), str):
                self.adopt(resource, entity["id"])
        return write

    def _was_there(self, resource: str, id: str) -> bool:
        """Whether a list showed the object before this run could have made it."""
        walk = self.session.snapshots.get((self.platform, resource))
        return walk is not None and id in walk.by_id

    def _own_only(self, id: str) -> None:
        if id in self.session.strangers:
            self.inconclusive(f"{id} is no object of this run: it is neither changed nor deleted")

    def adopt(self, resource: str, id: str) -> None:
        """Put an object that a request of this case made on the list of what is cleaned up."""
        used = self.session.new_key()
        self.session.made.setdefault(id, self.case.id)
        self.session.journal.intend(self.platform, resource, used, self.case.id)
        self.session.journal.created(used, id)

    def job(self, id: str) -> Evidence:
        """`GET /jobs/{id}`, which takes no access token. Source: [S24]."""
        return self.send("GET", f"/jobs/{id}", token=None, resource="jobs", operation="get")

    def await_job(self, id: str) -> Evidence:
        """Look at a job until it left its running states or the patience of `follow_job` ends; the last look."""
        flow = follow_job(patience=self.session.patience)
        pause = next(flow)
        while True:
            self.session.clock.sleep(pause)
            evidence = self.job(id)
            try:
                pause = flow.send(evidence.body if evidence.ok else None)
            except StopIteration as ended:
                if evidence.ok and not ended.value.finished:
                    self.session.patience = IMPATIENT
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
        """Run several sends at the same time, each in a thread; results in order. A run that must ask in the same order
        every time makes them one after the other."""
        if self.session.script.in_order:
            return [call() for call in calls]
        with ThreadPoolExecutor(max_workers=len(calls)) as pool:
            return [future.result() for future in [pool.submit(copy_context().run, call) for call in calls]]

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
