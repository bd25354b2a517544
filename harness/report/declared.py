"""What the contract declares of the resources in a run: the ground on which coverage is drawn.

The report knows no contract; whoever starts a run (the pytest plugin) declares once, into `run.json`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

RAW_RECORD = "platform_data"
"""The platform's own record: its inside is no field of the contract. Source: [S24] expand."""


class DeclaredResource(BaseModel):
    """One resource: its endpoints by operation (`list` -> `GET /accounting/bills`), the wrapper keys of its bodies and
    the paths of the fields of a returned object."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    endpoints: dict[str, str] = {}
    list_key: str | None = None
    item_key: str | None = None
    create_key: str | None = None
    update_key: str | None = None
    fields: tuple[str, ...] = ()
    parameters: dict[str, tuple[str, ...]] = {}
    """By operation, the query parameters that it takes, without the access token."""
    unsupported: dict[str, tuple[str, ...]] = {}
    """By platform, the operations that are not expected to work there."""


class Declared(BaseModel):
    """The resources of a run by name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    resources: dict[str, DeclaredResource] = {}


class OperationFacts(Protocol):
    """What is needed of `harness.contract.Operation`."""

    @property
    def method(self) -> str:
        """HTTP method."""

    @property
    def path(self) -> str:
        """Path template."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Query and path parameters by name."""


class ResourceFacts(Protocol):
    """What is needed of `harness.contract.Resource`."""

    @property
    def operations(self) -> Mapping[str, Any]:
        """`OperationFacts` by name."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """Fields of a returned object by path."""

    @property
    def list_key(self) -> str | None:
        """Wrapper key of a list."""

    @property
    def item_key(self) -> str | None:
        """Wrapper key of a single object."""

    @property
    def create_key(self) -> str | None:
        """Wrapper key of a create body."""

    @property
    def update_key(self) -> str | None:
        """Wrapper key of an update body."""

    def supports(self, operation: str, platform: str) -> bool:
        """Whether the operation is expected to work on the platform."""


class ContractFacts(Protocol):
    """What is needed of `harness.contract.Contract`."""

    def resource(self, name: str) -> Any:
        """`ResourceFacts` of that name."""


def declare(contract: ContractFacts, resources: Iterable[str], platforms: Iterable[str]) -> Declared:
    """The declared endpoints and fields of the named resources on the named platforms."""
    wanted = tuple(platforms)
    return Declared(resources={name: _declare(contract.resource(name), wanted) for name in dict.fromkeys(resources)})


def recurs(path: str) -> bool:
    """Whether a name stands twice in a field path: `assets.items[].items[].name`. Statements nest without end, and each
    level says the same as the one above."""
    names = path.replace("[]", "").split(".")
    return len(set(names)) < len(names)


def _declare(resource: ResourceFacts, platforms: tuple[str, ...]) -> DeclaredResource:
    unsupported = {
        platform: tuple(name for name in resource.operations if not resource.supports(name, platform))
        for platform in platforms
    }
    return DeclaredResource(
        endpoints={name: _endpoint(item) for name, item in resource.operations.items()},
        list_key=resource.list_key,
        item_key=resource.item_key,
        create_key=resource.create_key,
        update_key=resource.update_key,
        fields=tuple(path for path in resource.fields if not recurs(path) and not path.startswith(RAW_RECORD + ".")),
        parameters={name: found for name, item in resource.operations.items() if (found := _query(item))},
        unsupported={platform: names for platform, names in unsupported.items() if names},
    )


def _query(operation: OperationFacts) -> tuple[str, ...]:
    return tuple(
        name for name, item in operation.parameters.items() if item.location == "query" and name != "access_token"
    )


def _endpoint(operation: OperationFacts) -> str:
    return f"{operation.method} {operation.path}"
