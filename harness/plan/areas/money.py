"""Cases of the area `money`."""

from collections.abc import Iterator

from harness.contract import Contract
from harness.plan.case import Case, Requirement


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    yield from ()
