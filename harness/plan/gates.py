"""The gate grammar: a threshold on a measurement, parsed and validated before the first request.

    gate    := measure comparison bound
    measure := NAME | NAME "(" ENDPOINT_CLASS ")"
    comparison := "<=" | "<"
    bound   := NUMBER UNIT | NUMBER "x previous"

`p99(list) <= 800ms`, `errors <= 1%`, `limited <= 0%`, `p95(create) <= 1.5x previous`. Without a class a measure is over
all requests to the API. Every gate is an upper bound; no data never passes. `MEASURES` says what each name means.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UsageError
from harness.plan.problems import nearest

CLASSES = ("list", "get", "create", "job", "connection")
"""Endpoint classes of the API: lists by page, single objects, writes, jobs, and what concerns a connection."""

UNITS: Mapping[str, Mapping[str, float]] = {
    "time": {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0},
    "share": {"%": 0.01},
    "factor": {"x": 1.0},
}
"""Kind -> unit -> how much of the base (seconds, a share of one, a factor) it is."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a gate may speak of. `kind` is that of its bound; `by_class` whether it can be narrowed to endpoints;
    `backend` whether only an integration backend can be measured so; `compared` whether a previous stage can be the
    bound."""

    name: str
    kind: str
    about: str
    by_class: bool = False
    backend: bool = False
    compared: bool = False


_PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999))
QUANTILES: Mapping[str, float] = {
    **dict(_PERCENTILES),
    **{f"service_{name}": share for name, share in _PERCENTILES},
}
"""Name of a percentile -> the share below it."""

_ALL = (
    *(
        Measure(name, "time", f"{share:.1%} of requests were answered within it, from the intended start", True,
                compared=True)
        for name, share in _PERCENTILES
    ),
    *(
        Measure(f"service_{name}", "time", f"{share:.1%} of requests were answered within it, from the send", True,
                compared=True)
        for name, share in _PERCENTILES
    ),
    Measure("errors", "share", "requests without the documented success: no answer, 5xx, another status, a failed job",
            True, compared=True),
    Measure("limited", "share", "requests answered 429: the organisation's own limit", True),
    Measure("platform_limited", "share", "requests answered 452: the limit of a platform", True),
    Measure("budget", "share", "of the organisation's limit, in the busiest window"),
    Measure("amplification", "factor", "requests sent per operation wanted"),
    Measure("check_failures", "share", "sampled answers in which a check found what votes"),
    Measure("freshness", "time", "age of the data of a connection: p95 over connections of the oldest of each"),
    Measure("backlog_drained", "time", "until the backlog of webhooks is empty, from its slope", backend=True),
    Measure("oldest_webhook", "time", "age of the oldest webhook that is not processed", backend=True),
    Measure("lost_webhooks", "share", "webhooks that were sent and never processed", backend=True),
    Measure("refused_webhooks", "share", "deliveries of webhooks that the backend took with no 2xx", backend=True),
)  # fmt: skip
MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}

_GATE = re.compile(r"\s*(\w+)\s*(?:\(\s*(\w+)\s*\))?\s*(<=?|>=?|==?)\s*(\d+(?:\.\d+)?)\s*(%|[a-z]*)\s*(previous)?\s*")


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate. `bound` is in seconds, a share of one, or a factor; with `previous` it is a factor on what the stage
    before measured. `of` is an endpoint class, None for all. `text` is as written."""

    text: str
    measure: Measure
    of: str | None
    strict: bool
    bound: float
    previous: bool

    def holds(self, value: float) -> bool:
        """Whether an exact value keeps the bound."""
        return value < self.bound if self.strict else value <= self.bound

    @property
    def quantile(self) -> float | None:
        """The share below the percentile that the gate is about; None when it is about none."""
        return QUANTILES.get(self.measure.name)


def parse_gate(text: str) -> Gate:
    """The gate that a text is; UsageError with what is allowed otherwise."""
    match = _GATE.fullmatch(text)
    if match is None:
        raise UsageError(
            f'gate "{text}" is not of the form MEASURE <= BOUND, such as p99(list) <= 800ms, errors <= 1% '
            "or p95(create) <= 1.5x previous"
        )
    name, of, comparison, number, unit, previous = match.groups()
    measure = MEASURES.get(name)
    if measure is None:
        raise UsageError(f'gate "{text}": unknown measure "{name}"{nearest(name, MEASURES)}')
    if comparison not in {"<", "<="}:
        raise UsageError(f'gate "{text}": a gate is an upper bound; write < or <= instead of {comparison}')
    if of is not None and not measure.by_class:
        raise UsageError(f'gate "{text}": {name} is not measured by endpoint class; write {name} {comparison} ...')
    if of is not None and of not in CLASSES:
        raise UsageError(f'gate "{text}": unknown endpoint class "{of}"{nearest(of, CLASSES)}')
    bound = _bound(text, measure, float(number), unit, previous is not None)
    _possible(text, measure, bound, strict=comparison == "<")
    return Gate(" ".join(text.split()), measure, of, comparison == "<", bound, previous is not None)


def _possible(text: str, measure: Measure, bound: float, *, strict: bool) -> None:
    """UsageError for a gate that nothing can hold: every stage would be held by it."""
    least = 1.0 if measure.kind == "factor" else 0.0
    if bound > least or (bound == least and not strict and measure.kind != "time" and measure.name != "budget"):
        return
    why = {"time": "nothing takes no time", "factor": "an operation takes at least one request"}.get(
        measure.kind, "a stage sends requests" if measure.name == "budget" else "nothing is below 0%"
    )
    raise UsageError(f'gate "{text}" can never hold: {why}. Write a bound that a sound target keeps')


def _bound(text: str, measure: Measure, number: float, unit: str, previous: bool) -> float:
    if previous:
        if not measure.compared:
            comparable = [name for name, item in MEASURES.items() if item.compared]
            raise UsageError(f'gate "{text}": {measure.name} cannot be compared with the previous stage'
                             f"{nearest(measure.name, comparable)}")  # fmt: skip
        if unit != "x" or number < 1:
            raise UsageError(f'gate "{text}": a comparison has a factor of at least 1, such as 1.2x previous')
        return number
    units = {"": 1.0, **UNITS["factor"]} if measure.kind == "factor" else UNITS[measure.kind]
    if unit not in units:
        allowed = ", ".join(name or "none" for name in units)
        raise UsageError(f'gate "{text}": {measure.name} is a {measure.kind}; its bound has the unit {allowed}')
    if measure.kind == "share" and number > 100:
        raise UsageError(f'gate "{text}": a share is at most 100%')
    return number * units[unit]
