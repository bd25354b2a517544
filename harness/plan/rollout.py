"""What plans/rollout.yaml may say: stages, the traffic of a connection, the limits, gates. Load is derived from it."""

import hashlib
import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.errors import UsageError
from harness.plan.gates import UNITS, Gate, parse_gate
from harness.plan.model import Model, Share

SCENARIOS = (
    "write_burst",
    "reauth_wave",
    "webhook_burst",
    "steady_sync",
    "outage_recovery",
    "initial_sync_storm",
    "backfill",
)
"""What the users of a stage do, most urgent first: what a person waits for goes before what fills a store."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)")
_RATE = re.compile(r"(\d+)/(\d+(?:\.\d+)?)?(ms|s|min|h|d)")


def _lasting(text: str) -> str:
    try:
        lasts = seconds(text)
    except UsageError as error:
        raise ValueError(str(error)) from error
    if lasts <= 0:
        raise ValueError(f'"{text}" is no time at all; write 45s, 60min, 48h or 7d')
    return text


def _limiting(text: str) -> str:
    try:
        requests, window = rate(text)
    except UsageError as error:
        raise ValueError(str(error)) from error
    if not (requests and window):
        raise ValueError(f'"{text}" lets nothing through; write requests per window, such as 500/10s')
    return text


Duration = Annotated[
    str, AfterValidator(_lasting), Field(json_schema_extra={"pattern": r"^\d+(\.\d+)?\s*(ms|s|min|h|d)$"})
]
"""`45s`, `60min`, `48h`, `7d`: longer than nothing."""
RateText = Annotated[
    str,
    AfterValidator(_limiting),
    Field(json_schema_extra={"pattern": r"^[1-9]\d*/(\d+(\.\d+)?)?(ms|s|min|h|d)$"}),
]
"""`500/10s`, `60/min`: requests per sliding window."""
Count = Annotated[float, Field(ge=0)]


def seconds(text: str) -> float:
    """Seconds of a duration; UsageError for what is none."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f'"{text}" is no duration; write 45s, 60min, 48h or 7d')
    return float(match[1]) * {**UNITS["time"], "d": 86_400.0}[match[2]]


def rate(text: str) -> tuple[int, float]:
    """`500/10s` -> (500, 10.0): requests in a sliding window of that many seconds; UsageError otherwise."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f'"{text}" is no rate; write requests per window, such as 500/10s')
    return int(match[1]), seconds(f"{match[2] or 1}{match[3]}")


class Limits(Model):
    """What the API allows. Source: 500 requests per 10 seconds and organisation, [H:7238576299]."""

    organisation: RateText = "500/10s"
    """Requests of the whole organisation in a sliding window; more are answered 429."""
    planned_share: Annotated[float, Field(gt=0, le=1)] = 0.85
    """How much of it the plan may use at peak; the rest is for people, scripts and the unforeseen."""
    jitter: Duration = "50ms"
    """How much the delay between permission and arrival varies at most; the pace leaves that much room."""
    platforms: dict[str, RateText] = Field(default={})
    """Writes that a platform takes in a window from one connection; more are answered 452. Reads do not count: they
    are answered from Rutter's store. Source: [D:rest/2023-03-14/rate-limiting]."""


class Batch(Model):
    """One batch of an initial sync."""

    batch: str
    objects: Annotated[int, Field(ge=1)]
    """Objects of one connection over all resources."""
    ready_within: Duration
    """How long a new user may wait for it."""


class Traffic(Model):
    """What one connection causes, on average over a day unless said otherwise."""

    batches: tuple[Batch, ...] = Field(min_length=1)
    """The initial sync, in its order."""
    page_size: Annotated[int, Field(ge=1, le=500)] = 100
    sync_every: Duration = "60min"
    """How often every list of `resources` is read for changes. The provider's own sync has a period of 60 min to 14 d,
    [S24]; reading more often finds nothing new."""
    changes_per_hour: Count = 5
    """Objects that change on the platform."""
    webhooks_per_hour: Count = 6
    """Webhooks that the backend receives for it."""
    webhooks_at_once: Count = 0
    """Webhooks in a row when somebody edits many objects on the platform, such as an import."""
    fetches_per_webhook: Count = 0
    """Single objects read because of a webhook. Entity webhooks carry the object itself."""
    writes_per_hour: Count = 1
    writes_at_once: Count = 10
    """Writes in a row when a user confirms a batch, such as a pay run."""
    asynchronous_writes: bool = True
    """Writes with `response_mode: async`: the platform's limit is then Rutter's to keep."""
    job_looks: Count = 2
    """`GET /jobs/{id}` per asynchronous write; 0 when JOB_COMPLETED webhooks are waited for instead."""
    reauth_share: Share = 0.02
    """Connections that authenticate again in one wave, after a platform revoked tokens."""
    backfill_share: Share = 0.05
    """Connections for which history is loaded again at one time."""
    outage: Duration = "2h"
    """The outage of your backend after which the recovery is played."""


class TrafficChange(Model):
    """What differs in one stage from `traffic`; what is omitted stays."""

    batches: tuple[Batch, ...] | None = None
    page_size: Annotated[int, Field(ge=1, le=500)] | None = None
    sync_every: Duration | None = None
    changes_per_hour: Count | None = None
    webhooks_per_hour: Count | None = None
    webhooks_at_once: Count | None = None
    fetches_per_webhook: Count | None = None
    writes_per_hour: Count | None = None
    writes_at_once: Count | None = None
    asynchronous_writes: bool | None = None
    job_looks: Count | None = None
    reauth_share: Share | None = None
    backfill_share: Share | None = None
    outage: Duration | None = None


class Failed(Model):
    """What to do when a gate is lost."""

    then: Literal["hold", "roll_back"] = "hold"
    command: str | None = None
    """What takes the stage back, such as the command of your feature flag. Shown; run by `--rehearse` only."""
    within: Duration = "5min"
    """How long it may take."""
    rehearse: bool = False
    """Whether the stage is promoted only after a timed rehearsal of the command."""


class Stage(Model):
    """One stage: how many, for how long, what must hold."""

    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    users: Annotated[int, Field(ge=1)] | None = None
    """So many connections; or `share`."""
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    """This part of all connections."""
    soak: Duration = "48h"
    """How long the stage is watched in production before the next one."""
    play: Duration = "40s"
    """How long the load test ahead of the stage lasts."""
    scenarios: tuple[str, ...] = Field(min_length=1)
    gates: tuple[str, ...] = Field(min_length=1)
    failed: Failed = Failed()
    traffic: TrafficChange = TrafficChange()

    @cached_property
    def parsed_gates(self) -> tuple[Gate, ...]:
        """The gates; the loader has made sure that they parse."""
        return tuple(parse_gate(text) for text in self.gates)


class Validity(Model):
    """When the load generator itself was too weak, so that the run says nothing about the target."""

    lateness_p99: Duration = "5ms"
    """Sends may be this late behind their slot."""
    offered: Share = 0.99
    """Least part of the planned arrivals that must have been sent."""
    cpu: Share = 0.8
    """Most of one core that a generating process may use."""


class Rollout(Model):
    """plans/rollout.yaml."""

    rollout: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    connections: Annotated[int, Field(ge=1)]
    """All connections after the last stage, today."""
    growth: Annotated[float, Field(ge=1)] = 1.0
    """By how much the number of connections grows until the next review; capacity is planned for that."""
    peak: Annotated[float, Field(ge=1)] = 3.0
    """The busiest hour against the average hour of a day."""
    platforms: dict[str, Share] = Field(min_length=1)
    """Which part of the connections is on which platform; together 1."""
    resources: tuple[str, ...] = Field(min_length=1)
    """The lists that the integration reads."""
    writes: tuple[str, ...] = ()
    """The resources that it creates."""
    traffic: Traffic
    limits: Limits = Limits()
    validity: Validity = Validity()
    backend_required: bool = False
    """Whether gates on an integration backend must hold too. When false and no backend is given, they are reported as
    not run; when true, nothing is promoted without one."""
    stages: tuple[Stage, ...] = Field(min_length=1)

    @property
    def digest(self) -> str:
        """The version of the plan: SHA-256 of what it says, in hex. Comments and layout do not count."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def connections_of(self, stage: Stage) -> int:
        """How many connections the stage has, growth included for shares; at least one."""
        if stage.users is not None:
            return stage.users
        return max(1, round(self.connections * self.growth * (stage.share or 1.0)))

    def before(self, stage: Stage) -> Stage | None:
        """The stage before; None for the first."""
        place = self.stages.index(stage)
        return self.stages[place - 1] if place else None

    def traffic_of(self, stage: Stage) -> Traffic:
        """The traffic of one connection in that stage."""
        changed = {name: value for name, value in stage.traffic if value is not None}
        return self.traffic.model_copy(update=changed)
