"""Cases of the area `edits`: what a person changes in the platform's own software, on a live target.

Source: implementation checklist step 4, "editing something in the target platform's software UI is reflected". On an
emulator `backend.freshness` edits by itself; nobody but a person can edit in the software of a real platform.
"""

from collections.abc import Iterable, Iterator

from harness.contract import Contract
from harness.plan.case import Case, Requirement

EDITED = ("vendors", "customers", "items", "products", "bills", "invoices", "orders")
"""What is easily found and changed in most software, first choice first."""


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:  # noqa: ARG001 - the areas' common form
    """No case of this area comes from a plan alone: it takes a live target."""
    yield from ()


def of_live(requirements: Iterable[Requirement], contract: Contract, seconds: float) -> Iterator[Case]:
    """One case for each platform: about a resource that can be read by id. `seconds` is how long a person has; 0 when
    nobody is there."""
    by_platform: dict[str, list[Requirement]] = {}
    for requirement in requirements:
        if contract.resource(requirement.resource).supports("get", requirement.platform):
            by_platform.setdefault(requirement.platform, []).append(requirement)
    for platform, readable in by_platform.items():
        chosen = min(readable, key=lambda item: EDITED.index(item.resource) if item.resource in EDITED else len(EDITED))
        yield Case("edits.shown", platform, chosen.resource, "", {"seconds": seconds}, chosen.plans)
