"""Cases of the area `backend`: what an integration backend must do, whatever it is written in."""

from collections.abc import Iterator

from harness.contract import Contract
from harness.plan.backend import BackendPlan
from harness.plan.case import Case, Requirement

KINDS = (
    "link.once",
    "link.refused",
    "data.arrives",
    "freshness",
    "data.deleted",
    "webhooks.forged",
    "webhooks.order",
    "webhooks.queue",
    "lifecycle.reauth",
    "lifecycle.disabled",
    "polling",
    "recovery.outage",
    "recovery.rate_limit",
    "backfill",
    "health",
    "secrecy",
    "disconnect",
)
"""In the order in which a run proves them: all on the same world, the scan for secrets after what could leave some."""


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:  # noqa: ARG001 - the areas' common form
    """No case of this area is about what the other plans ask of the API."""
    yield from ()


def of_backend(plan: BackendPlan) -> Iterator[Case]:
    """Every case about one backend; its name is the last part of their ids."""
    for kind in KINDS:
        yield Case(f"backend.{kind}", plan.platform, None, plan.backend)
