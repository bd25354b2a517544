"""One proof of the shipped plans for all tests of this folder."""

import pytest

from harness.core import SystemClock
from harness.proving import ProveOrder, prove
from harness.report.proof_record import ProofRecord


@pytest.fixture(scope="session")
def proof() -> ProofRecord:
    """Every defect against the shipped plans, until every check that it names has noticed it."""
    return prove(ProveOrder(workers=2, thorough=True, clean=False, advice=False), clock=SystemClock())
