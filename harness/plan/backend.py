"""plans/backend.yaml: what an integration backend offers, so that its suite can drive it. Nothing more is needed."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from harness.contract import Contract
from harness.errors import PlanError
from harness.plan.loader import PLANS
from harness.plan.model import Model
from harness.plan.problems import nearest, raise_all
from harness.plan.rollout import Duration
from harness.plan.validation import validated
from harness.plan.yaml_source import read_yaml

BACKEND = PLANS / "backend.yaml"
REFERENCE = "reference"

Address = Annotated[str, Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /\S*$")]
"""Method and path, such as `POST /connections/{connection_id}/sync`. Names in braces are filled in."""
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+$")]
Path_ = Annotated[str, Field(pattern=r"^/\S*$")]


class ExchangeAddress(Model):
    """Where the browser hands over the `public_token` that Link gave it."""

    request: Address
    body: dict[str, Any] = Field(default={"public_token": "{public_token}"})
    connection: str = "connection_id"
    """The key of the answer that holds the connection's id."""


class ConnectionsAddress(Model):
    """Where the backend lists its connections."""

    request: Address
    rows: str = "connections"
    """The key of the answer that holds the list."""
    id: str = "id"
    """The key of a row that holds the connection's id at the API."""
    state: str | None = None
    """The key of a row that holds its health."""
    states: dict[Literal["healthy", "needs_reauth", "disabled"], tuple[str, ...]] = Field(default={})
    """The words that the backend has for a connection that works, needs re-authentication, or is disabled."""


class DataAddress(Model):
    """Where the backend lists what it mirrors. `{connection_id}` and `{resource}` are filled in."""

    request: Address
    rows: str = "rows"
    id: str = "id"
    next: str | None = None
    """The key of the answer that tells where the next page begins; omitted: one page."""
    next_parameter: str = "after"
    """The query parameter that takes it."""
    resources: dict[str, str]
    """The resources that the backend mirrors: the API's name -> its own. `vendors` is what is edited."""
    fields: dict[str, dict[str, str]] = Field(default={})
    """By resource, which of the API's fields are compared and what the backend calls them; omitted: whole rows."""


class BackendPlan(Model):
    """plans/backend.yaml. What is left out makes the cases about it inconclusive."""

    backend: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """`reference`: golive's own is started for the run. Any other name: yours, which runs at `url`."""
    url: Url | None = None
    """Where your backend answers."""
    world: Url | None = None
    """The emulator that your backend talks to (`golive emulator`): its address without a path."""
    platform: str = "QUICKBOOKS"
    """The platform that is connected; one that shows edits at once."""
    webhooks: Path_ | None = None
    """The path that takes the API's webhooks."""
    exchange: ExchangeAddress | None = None
    connections: ConnectionsAddress | None = None
    data: DataAddress | None = None
    disconnect: Address | None = None
    health: Address | None = None
    metrics: Address | None = None
    """Prometheus text."""
    queue: str | None = None
    """The metric that counts webhooks which wait for a worker."""
    pages: tuple[Address, ...] = ()
    """Further addresses that must show no secret."""
    files: tuple[str, ...] = ()
    """Files, patterns allowed, that must hold no secret: logs, a dump of the database."""
    fresh_within: Duration = "60s"
    """How long an edit in the platform's software may take until the backend shows it, by webhook, in 95 of 100."""
    polled_within: Duration = "15min"
    """The same when its webhook never came."""
    recovered_within: Duration = "5min"
    """The same after the API was away, or limited."""
    acknowledged_within: Duration = "5s"
    """How long a webhook may wait for its acknowledgement, in 95 of 100."""
    calm: Annotated[float, Field(gt=0)] = 5.0
    """Requests a second that the backend may send on average while every answer is a 429."""

    @property
    def is_reference(self) -> bool:
        """Whether golive's own backend is meant."""
        return self.backend == REFERENCE


def load_backend(contract: Contract, path: Path = BACKEND) -> BackendPlan:
    """The plan of a backend; the shipped one unless given. Raises PlanError that lists every problem with file:line."""
    source = read_yaml(path)
    loaded = validated(BackendPlan, source, {"backend": REFERENCE})
    problems = list(loaded.problems)
    plan = loaded.model
    if plan is not None:
        if plan.platform not in contract.platforms:
            told = f'unknown platform "{plan.platform}"{nearest(plan.platform.upper(), contract.platforms)}'
            problems.append(source.at(("platform",), told))
        for name in plan.data.resources if plan.data else ():
            if name not in contract.resources:
                told = f'unknown resource "{name}"{nearest(name, contract.resources)}'
                problems.append(source.at(("data", "resources", name), told))
        if not plan.is_reference and (plan.url is None or plan.world is None):
            told = f'backend "{plan.backend}" needs url, where it answers, and world, the emulator it talks to'
            problems.append(source.at(("backend",), told))
    raise_all(problems)
    if plan is None:
        raise PlanError("is no plan of a backend", path=source.path)
    return plan
