"""Cases of the area `config`: how the organisation is set up."""

from collections.abc import Iterator

from harness.contract import Contract
from harness.plan.case import Case, Requirement

SYNC_CONFIGURED = frozenset(
    {"QUICKBOOKS", "XERO", "NETSUITE", "ZOHOBOOKS", "SAGE_BUSINESS_CLOUD", "FRESHBOOKS", "QUICKBOOKS_DESKTOP",
     "DYNAMICS365", "MONEYBIRD", "SAGE_INTACCT_V2", "STRIPE"}
)  # fmt: skip
"""Platforms whose sync configuration can be read. Source: [S24] /configs/sync/platforms."""


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:  # noqa: ARG001 - the areas' common form
    """No case of this area is about one resource."""
    yield from ()


def expand_platform(platform: str, plans: tuple[str, ...], contract: Contract) -> Iterator[Case]:  # noqa: ARG001
    """The cases about the API as a whole."""

    def case(kind: str) -> Case:
        return Case(f"config.{kind}", platform, None, "", {}, plans)

    yield case("webhooks.essential_events")
    yield case("webhooks.endpoint")
    yield case("connections.health")
    yield case("connections.listed")
    yield case("connections.token")
    yield case("events")
    if platform in SYNC_CONFIGURED:
        yield case("sync_batches")
