"""Creates, updates and deletes: validated, accepted, done now or as a job, stored under their key."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import DecimalException
from typing import Any

from harness.contract import Contract, Resource
from harness.core import iso_utc
from harness.emulator.agenda import Agenda
from harness.emulator.bookkeeping import Refused, check_size, created, effects, updated
from harness.emulator.bookkeeping.effects import apply_credit
from harness.emulator.clock import EmulatorClock, to_millis
from harness.emulator.documents import Documents
from harness.emulator.errors import ApiError, refused, unknown_id, unknown_path
from harness.emulator.identifiers import IdSource
from harness.emulator.jobs import Jobs
from harness.emulator.settings import EmulatorSettings
from harness.emulator.sync.platforms import shows_deletes
from harness.emulator.validity import checked_mode, inner_body

APPLICATIONS = frozenset({"bill_credit_applications", "invoice_credit_applications"})


@dataclass(frozen=True, slots=True)
class Order:
    """One write as it arrived. `url` is without its query."""

    resource: Resource
    operation: str
    connection: Mapping[str, Any]
    id: str | None
    body: Any
    key: str | None
    fingerprint: str
    method: str
    url: str
    slow: bool = False
    """Whether the platform takes so long that the answer is the job. Source: [DA:asynchronous-operations], trap 1."""

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        values = {name: getattr(self, name) for name in ORDER_TEXTS}
        return {**values, "resource": self.resource.name, "connection": self.connection["id"]}

    @classmethod
    def restored(cls, stored: Mapping[str, Any], contract: Contract, connection: Mapping[str, Any]) -> "Order":
        """The inverse of `stored`."""
        values = {name: stored[name] for name in ORDER_TEXTS}
        return cls(resource=contract.resource(stored["resource"]), connection=connection, **values)


TASK, WAITS = "job", "wait"
Written = Callable[[Mapping[str, Any], str, str, Mapping[str, Any]], None]
"""(connection, resource, created | updated | deleted, document)"""
ORDER_TEXTS = ("operation", "id", "body", "key", "fingerprint", "method", "url")


Act = Callable[[], Any]
"""What an accepted write does: the body of its answer; ApiError or Refused when the platform says no."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A special write: `accept` holds it against the contract and says what it will do; `request` tells the request as
    JSON, so that it can be accepted again when its time has come."""

    accept: Callable[[], Act]
    request: Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wait:
    """An answer waits: for the result of a job, or (`result` False) only until an instant, in Unix milliseconds."""

    job: str
    until: int
    result: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What a write answers; `job` goes into X-Rutter-Job-ID. `wait`: not before then."""

    status: int
    body: Any
    job: str | None
    wait: Wait | None = None


class Writer:
    """Does writes on one emulator."""

    def __init__(
        self,
        store: Documents,
        contract: Contract,
        settings: EmulatorSettings,
        clock: EmulatorClock,
        ids: IdSource,
        base_url: Callable[[], str],
        agenda: Agenda,
    ) -> None:
        self.store = store
        self.contract = contract
        self.settings = settings
        self.clock = clock
        self.ids = ids
        self.jobs = Jobs(store, settings)
        self._base_url = base_url
        self._agenda = agenda
        self.written: Written = _unheard
        self.ended: Callable[[Mapping[str, Any]], None] = _unheard
        """Told of every document that a write has changed, and of every asynchronous job that has ended."""
        self.fetch: Callable[[Mapping[str, Any], str, str], None] = _unheard
        """Brings what the platform has of an object (connection, resource, id) into the store, before it is written."""
        self.redo: Callable[[Mapping[str, Any]], Act] = _no_errand
        """What a special operation does, from the request as its errand has told it."""

    def write(self, order: Order, errand: Errand | None = None) -> Result:
        """Accept and do a write: what it changes, its job and its key are stored together. Raises ApiError for a
        request that is rejected: nothing is stored then. Runs inside a transaction of the store.

        `errand` is what a special operation does; the five plain ones are known here."""
        stored = self.jobs.find(order.key, order.connection["id"], order.fingerprint)
        if stored is not None:
            return Result(stored.status, stored.body, stored.job, self._running(stored.job))
        act = errand.accept() if errand else self._accept(order)
        job = self.ids()
        if order.slow or (isinstance(order.body, dict) and order.body.get("response_mode") == "async"):
            return self._later(order, errand, job, self.settings.async_delay)
        if self.settings.platform_delay:
            return self._slowly(order, errand, job)
        status, body = self._do(act)
        claim = self.jobs.claim(order.key, order.connection["id"], order.fingerprint)
        self.jobs.keep(_ended(self._job_record(job, order), status, body), claim)
        return Result(status, body, job)

    def _accept(self, order: Order) -> Act:
        """What Rutter checks itself. A missing object is told before anything is accepted."""
        if order.id is not None:
            self.fetch(order.connection, order.resource.name, order.id)
        if order.operation == "delete":
            checked_mode(order.body)
            return lambda: self._delete(order)
        platform = order.connection["platform"]
        if order.operation == "update" and self._row(order, order.id or "") is None:
            raise unknown_id(self.settings, order.resource.entity)
        inner = inner_body(self.contract, self.settings, order.resource, order.operation, platform, order.body)
        return lambda: self._create(order, inner) if order.operation == "create" else self._update(order, inner)

    def _later(self, order: Order, errand: Errand | None, job: str, after: float, *, answered: bool = True) -> Result:
        """Accept now, do later: the accepted order is stored, so that a job outlives the process that took it.
        `answered`: the answer is the job's, and stays so under the key; otherwise both are replaced by the result."""
        answer = {"async_response": {"id": job, "response_url": f"{self._base_url()}/jobs/{job}", "status": "pending"}}
        claim = self.jobs.claim(order.key, order.connection["id"], order.fingerprint, answer)
        self.jobs.keep(self._job_record(job, order), claim)
        request = errand.request() if errand else None
        body = {"job": job, "order": order.stored(), "request": request, "answered": answered}
        if after <= 0 and answered:
            self.finish(body)  # a job that takes no time has ended whenever somebody looks, so that runs are alike
        else:
            self._agenda.add(TASK, job, after, body)
        return Result(200, answer, job)

    def _slowly(self, order: Order, errand: Errand | None, job: str) -> Result:
        """A platform that takes its time: prefer_sync waits for it, but not longer than `sync_wait`; beyond that the
        answer is the job's. Source: [DA:rest/2023-03-14/asynchronous-operations], trap 1."""
        delay, longest = self.settings.platform_delay, self.settings.sync_wait
        result = self._later(order, errand, job, delay, answered=delay > longest)
        until = to_millis(self.clock.now()) + round(min(delay, longest) * 1000)
        wait = Wait(job, until, result=delay <= longest)
        self.store.keep(WAITS, job, asdict(wait))
        return replace(result, wait=wait)

    def _running(self, job: str) -> Wait | None:
        """What a replay waits for while the first request still runs: the same, or nothing. UNKNOWN, a setting."""
        if self.settings.idempotency_running == "async":
            return None
        found = self.store.record(WAITS, job)
        return Wait(**found) if found else None

    def finish(self, due: Mapping[str, Any]) -> None:
        """Do an accepted order: the handler of its due thing on the agenda."""
        connection = self.store.record("connection", due["order"]["connection"])
        order = Order.restored(due["order"], self.contract, connection or {"id": due["order"]["connection"]})

        def act() -> Any:
            if connection is None:
                raise unknown_id(self.settings, "connection")
            return (self.redo(due["request"]) if due["request"] else self._accept(order))()

        status, body = self._do(act)
        record = _ended(self._job_record(due["job"], order), status, body)
        self.jobs.end(record, told=due["answered"])
        self.store.forget(WAITS, due["job"])
        if due["answered"]:
            self.ended(record)

    def _do(self, act: Act) -> tuple[int, Any]:
        """The write itself: (status, body)."""
        try:
            with self.store.attempt():
                return 200, act()
        except Refused as error:
            answer = refused(self.settings, str(error))
        except DecimalException:
            answer = refused(self.settings, "An amount is larger or finer than the platform can keep.")
        except ApiError as error:
            answer = error
        return answer.status, answer.body()

    def _create(self, order: Order, inner: Mapping[str, Any]) -> Any:
        resource, connection = order.resource, order.connection
        documents = created(
            self.contract, resource, connection["platform"], inner,
            ids=self.ids, now=self.clock.tick(), lookup=self._lookup(connection),
        )  # fmt: skip
        check_size([inner, *(made.get("total_amount") for made in documents)], self.settings.largest_amount)
        key = resource.item_key or resource.entity
        if resource.name in APPLICATIONS:
            for name, linked in apply_credit(inner, self._lookup(connection)):
                self._store_linked(connection, name, linked)
            return {key: {"success": True}}
        if resource.name == "bank_feed_transactions":
            return {resource.list_key: [self._fed(connection, resource.name, document) for document in documents]}
        for document in documents:
            self.store.put(connection["id"], resource.name, document)
            self.written(connection, resource.name, "created", document)
            for name, linked in effects(resource.name, document, None, self._lookup(connection)):
                self._store_linked(connection, name, linked)
        return {key: _shown(documents[0])}

    def _fed(self, connection: Mapping[str, Any], resource: str, document: dict[str, Any]) -> dict[str, Any]:
        """A bank transaction that was sent: one that the account has already is told of and not stored (INFERRED)."""
        marks = ("bank_feed_account_id", "transaction_id")
        for row in self.store.all(connection["id"], resource):
            if all(row.document[name] == document[name] for name in marks) and document["transaction_id"]:
                return {**_shown(row.document), "duplicate": True}
        self.store.put(connection["id"], resource, document)
        self.written(connection, resource, "created", document)
        return {**_shown(document), "duplicate": False}

    def _update(self, order: Order, inner: Mapping[str, Any]) -> Any:
        resource, connection = order.resource, order.connection
        row = self._row(order, order.id or "")
        if row is None:
            raise unknown_id(self.settings, resource.entity)
        after = updated(
            self.contract, resource, connection["platform"], row, inner,
            ids=self.ids, now=self.clock.tick(), lookup=self._lookup(connection),
        )  # fmt: skip
        check_size([inner, after.get("total_amount")], self.settings.largest_amount)
        self.store.put(connection["id"], resource.name, after)
        self.written(connection, resource.name, "updated", after)
        for name, linked in effects(resource.name, after, row, self._lookup(connection)):
            self._store_linked(connection, name, linked)
        return {resource.item_key or resource.entity: _shown(after)}

    def _delete(self, order: Order) -> Any:
        resource, connection = order.resource, order.connection
        row = self._row(order, order.id or "")
        if row is None and resource.name == "products":
            return {"product": order.id, "success": self.settings.delete_missing_success}
        if row is None:
            return {"code": "not_found", "success": self.settings.delete_missing_success}
        for name, linked in effects(resource.name, None, row, self._lookup(connection)):
            self._store_linked(connection, name, linked)
        self.store.remove(connection["id"], resource.name, row["id"])
        self.written(connection, resource.name, "deleted", row)
        if shows_deletes(connection["platform"]):
            self._tell(connection, resource, row)
        if resource.name == "products":
            return {"product": row["id"], "success": True}
        return {"code": "deleted", "success": True}

    def _tell(self, connection: Mapping[str, Any], resource: Resource, row: Mapping[str, Any]) -> None:
        event = {
            "id": self.ids(),
            "type": "object_deleted",
            "resource": resource.entity.upper(),
            "data": {"id": row["id"]},
            "last_synced_at": iso_utc(self.clock.tick()),
        }
        self.store.keep("event", f"{connection['id']}:{event['id']}", event)

    def _store_linked(self, connection: Mapping[str, Any], resource: str, document: dict[str, Any]) -> None:
        moment = iso_utc(self.clock.tick())
        moved = {**document, "updated_at": moment, "last_synced_at": moment}
        self.store.put(connection["id"], resource, moved)
        self.written(connection, resource, "updated", moved)

    def _row(self, order: Order, id: str) -> dict[str, Any] | None:
        row = self.store.get(order.connection["id"], order.resource.name, id)
        return row.document if row else None

    def _lookup(self, connection: Mapping[str, Any]) -> Callable[[str, str], dict[str, Any] | None]:
        def lookup(resource: str, id: str) -> dict[str, Any] | None:
            row = self.store.get(connection["id"], resource, id)
            return row.document if row else None

        return lookup

    def _job_record(self, job: str, order: Order) -> dict[str, Any]:
        request: dict[str, Any] = {"method": order.method, "url": order.url, "body": order.body}
        if order.key is not None:
            request["idempotency_key"] = order.key
        return {"id": job, "status": "pending", "request": request}


def _ended(job: dict[str, Any], status: int, body: Any) -> dict[str, Any]:
    """A job with what it has come to."""
    job["status"] = "success" if status == 200 else "failure"
    job["response"] = {"http_status": status, "body": body}
    return job


def _unheard(*_: Any) -> None:
    """Nobody listens."""


def _no_errand(_request: Mapping[str, Any]) -> Act:
    raise unknown_path()


def _shown(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document as writes answer it: without `platform_data`, which only `expand` adds."""
    return {name: value for name, value in document.items() if name != "platform_data"}
