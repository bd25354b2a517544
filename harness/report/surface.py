"""What the evidence shows of the API's surface, as the report holds it."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Base: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EndpointCell(Model):
    """One endpoint on one platform: how many requests were sent and how many answered 200. `supported` False: the
    contract does not expect the operation there."""

    endpoint: str
    resource: str | None
    operation: str | None
    platform: str
    requests: int
    ok: int
    statuses: dict[str, int]
    supported: bool


class FieldCell(Model):
    """One field of one resource over all platforms, counted over distinct rows: in how many it was present (`seen`),
    neither null nor empty (`filled`); in how many writes it was sent (`written`), and in how many of these cases the
    sent value came back (`compared`)."""

    field: str
    declared: bool
    seen: int
    filled: int
    written: int
    compared: int
    updated: int = 0
    """In how many PATCH requests it was sent."""


class ParameterCell(Model):
    """One query parameter of one operation on one platform: how many requests had it. `supported` False: the operation
    is not expected to work there."""

    resource: str
    operation: str
    parameter: str
    platform: str
    requests: int
    supported: bool


class ResourceFields(Model):
    """The fields of one resource. `rows` counts distinct rows over all platforms."""

    resource: str
    rows: int
    fields: tuple[FieldCell, ...]


class Coverage(Model):
    """What the evidence shows of the API's surface."""

    endpoints: tuple[EndpointCell, ...]
    fields: tuple[ResourceFields, ...]
    parameters: tuple[ParameterCell, ...] = ()
