"""The registry of special operations: who answers what, and how sure it is that the real API answers so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from harness.contract import Operation, Resource
from harness.core import iso_utc
from harness.emulator.errors import invalid_request, unknown_id
from harness.emulator.messages import Answer, Incoming, Json
from harness.emulator.validity import demanded, json_body
from harness.emulator.writing import Act

if TYPE_CHECKING:
    from harness.emulator.answering import Api

Document = dict[str, Any]
FIDELITIES = ("specification", "documentation", "inferred")
"""Where the behaviour is known from: shapes of the OpenAPI document alone, prose of the documentation, or deduction."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a special operation. `connection` has at least an `id`; without an access token it is that of
    the merchant in the path."""

    api: "Api"
    request: Incoming
    resource: Resource
    operation: Operation
    values: Mapping[str, str]
    connection: Mapping[str, Any]

    @property
    def platform(self) -> str:
        """The platform of the connection."""
        return str(self.connection["platform"])

    @property
    def moment(self) -> str:
        """An instant later than all before, as the API writes it."""
        return iso_utc(self.api.clock.tick())

    def object(self) -> Document:
        """The body as a JSON object; where none is needed, none is an empty object; ApiError 400 for anything else."""
        body = demanded(self.operation, json_body(self.request.body))
        if body is not None and not isinstance(body, dict):
            raise invalid_request("The body is a JSON object.")
        return body or {}

    def sent(self) -> Document:
        """The body, valid for the request schema of the operation; ApiError 400 otherwise."""
        body = self.object()
        for problem in self.api.contract.validator(self.operation.request_schema or "").problems(body):
            raise invalid_request(f"{problem.path}: {problem.message}", field=problem.path)
        return body

    def block(self) -> Document:
        """The `connection` of reads."""
        return self.api.organisation.block(self.connection)

    def rows(self, resource: str) -> list[Document]:
        """Every stored document of a resource."""
        return [row.document for row in self.api.store.all(self.connection["id"], resource)]

    def find(self, resource: str, id: str, what: str | None = None) -> Document:
        """A stored document; ApiError 410 when there is none."""
        row = self.api.store.get(self.connection["id"], resource, id)
        if row is None:
            raise unknown_id(self.api.settings, what or resource)
        return row.document

    def put(self, resource: str, document: Document) -> Document:
        """Store a changed document; its webhook follows."""
        self.api.store.put(self.connection["id"], resource, document)
        self.api.writer.written(self.connection, resource, "updated", document)
        return document

    def things(self, kind: str) -> list[Document]:
        """What was kept beside the documents, such as attachments, oldest first."""
        return [body for _, body in self.api.store.recall(kind, f"{self.connection['id']}:")]

    def thing(self, kind: str, id: str) -> Document:
        """One of them; ApiError 410 when there is none."""
        found: Document | None = self.api.store.record(kind, f"{self.connection['id']}:{id}")
        if found is None:
            raise unknown_id(self.api.settings, kind.replace("_", " "))
        return found

    def keep(self, kind: str, body: Document) -> Document:
        """Keep one of them, by its id."""
        self.api.store.keep(kind, f"{self.connection['id']}:{body['id']}", body)
        return body


Reader = Callable[[Call], Json | Answer | bytes]
Accepter = Callable[[Call], Act]


@dataclass(frozen=True, slots=True)
class Special:
    """A special operation: `read` answers, or `accept` holds a write against the contract and says what it will do."""

    read: Reader | None
    accept: Accepter | None
    fidelity: str
    about: str
    sealed: bool = False
    """Whether the body of the request is kept out of the job record: files, card numbers."""

    def act(self, call: Call) -> Act:
        """What the operation will do; ApiError when it is rejected."""
        if self.accept is not None:
            return self.accept(call)
        read = self.read
        return lambda: getattr(read(call) if read else None, "body", None)


_REGISTRY: dict[tuple[str, str], Special] = {}


def reads(resource: str, operation: str, *, fidelity: str, about: str) -> Callable[[Reader], Reader]:
    """Register a read. `about` says what the fidelity rests on, with its source."""

    def register(reader: Reader) -> Reader:
        _add(resource, operation, Special(reader, None, fidelity, about))
        return reader

    return register


def writes(
    resource: str, operation: str, *, fidelity: str, about: str, sealed: bool = False
) -> Callable[[Accepter], Accepter]:
    """Register a write: it has idempotency keys, a job, and may be asked for asynchronously."""

    def register(accepter: Accepter) -> Accepter:
        _add(resource, operation, Special(None, accepter, fidelity, about, sealed))
        return accepter

    return register


def _add(resource: str, operation: str, special: Special) -> None:
    if (resource, operation) in _REGISTRY:
        raise TypeError(f"{operation} of {resource} is registered twice")
    if special.fidelity not in FIDELITIES:
        raise TypeError(f"{operation} of {resource}: {special.fidelity!r} is not one of {', '.join(FIDELITIES)}")
    _REGISTRY[(resource, operation)] = special


@cache
def specials() -> Mapping[tuple[str, str], Special]:
    """Every special operation by (resource, operation)."""
    package = import_module("harness.emulator.operations")
    for module in iter_modules(package.__path__):
        import_module(f"harness.emulator.operations.{module.name}")
    return dict(_REGISTRY)
