"""How sure it is, operation by operation, that the real API answers as the double does."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.contract import Contract
from harness.emulator.operations import specials

SHAPES_ALONE = frozenset({"ads", "banking", "hris"})
"""Domains of which no prose is known: the shapes of the contract, and the manners of all lists."""
LISTS = "pages, sort, windows and expansion are documented [S24][H:8753216581]; the rows are made up"
WRITES = "envelope, keys, jobs and errors are documented [S24][D:making-idempotent-requests]; sums are inferred"
OWN = "documented [S24][D:connections][D:config-sync]; statuses of connection errors are settings"


@dataclass(frozen=True, slots=True)
class Fidelity:
    """One operation. `known_from` is specification (shapes alone), documentation (prose) or inferred."""

    operation: str
    method: str
    path: str
    known_from: str
    about: str


def fidelities(contract: Contract) -> Iterator[Fidelity]:
    """Every operation of the contract."""
    for resource in contract.resources.values():
        for name, operation in resource.operations.items():
            special = specials().get((resource.name, name))
            if special is not None:
                known, about = special.fidelity, special.about
            elif resource.domain in SHAPES_ALONE:
                known, about = "specification", LISTS
            elif resource.domain_platforms is None:
                known, about = "documentation", OWN
            else:
                known, about = "documentation", LISTS if operation.method == "GET" else WRITES
            yield Fidelity(operation.operation_id, operation.method, operation.path, known, about)
