"""A case: one thing to prove for one resource on one platform, with a stable id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.plan.steps import Step

BACKEND_GROUP = "backend"
"""All cases about an integration backend: one world, one worker."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What all selected plans together ask of one resource on one platform. Built by `merge`; the strictest wins.

    `create_input`, `optional_inputs` and `changes` are templates (see `harness.plan.model.Template`), already merged
    with the platform's own and with what the contract requires. None means that no plan writes, or that there is
    nothing to change. `smallest_input` has none of the inputs that only the plans want. `further_changes` are what an
    update takes beside `changes`. `optional_inputs` is dotted path -> what `harness.plan.inputs.put` puts beside
    `create_input`.
    """

    platform: str
    resource: str
    plans: tuple[str, ...]
    required: tuple[str, ...]
    nullable: tuple[str, ...]
    fill: Mapping[str, float]
    filter: tuple[str, ...]
    sort: tuple[str, ...]
    params: tuple[str, ...]
    minimum_rows: int
    create_input: Mapping[str, Any] | None
    smallest_input: Mapping[str, Any] | None
    optional_inputs: Mapping[str, Any]
    changes: Mapping[str, Any] | None
    further_changes: Mapping[str, Any]
    delete: bool
    dates: tuple[str, ...]
    advisory: frozenset[str]
    sequences: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """`kind` names the test function that proves it (`fields.types`); `area` is the part before the dot. `detail` is
    the field or variant. `resource` is None for cases about the API as a whole. `params` is JSON-able."""

    kind: str
    platform: str
    resource: str | None
    detail: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    plans: tuple[str, ...] = ()
    on_demand: bool = False
    """Proven only when it is selected by name: it takes very many requests."""

    @property
    def area(self) -> str:
        """The part of the kind before the dot, one of `harness.plan.AREAS`."""
        return self.kind.partition(".")[0]

    @property
    def id(self) -> str:
        """`fields/types/QUICKBOOKS/bills` or `writes/required_input/XERO/bills/vendor_id`: stable and readable."""
        parts = [*self.kind.split("."), self.platform, self.resource or "api", self.detail]
        return "/".join(part for part in parts if part)

    @property
    def group(self) -> str:
        """Cases of one group run in order on one worker: they share snapshots and must not disturb each other."""
        return BACKEND_GROUP if self.area == "backend" else f"{self.platform}:{self.resource or 'api'}"
