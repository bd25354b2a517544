"""What the provider's sandbox can decide."""

import pytest

from harness.drive.sandbox import beyond_sandbox
from harness.plan.case import Case

UNDECIDED = {
    "roundtrip.read": "bills",
    "idempotency.replay": "bills",
    "money.noise": "invoices",
    "jobs.update": "vendors",
    "writes.reference": "bills",
    "writes.create": "items",
    "writes.unsupported": "bills",
}
DECIDED = {"fields.types": "items", "queries.filter": "bills", "writes.create": "bills", "writes.required": "vendors",
           "errors.write_access": "bills", "jobs.create": "bills"}  # fmt: skip


@pytest.mark.parametrize(("kind", "resource"), UNDECIDED.items())
def test_what_needs_a_memory_or_a_platform_is_undecided(kind, resource):
    """A sandbox that keeps no writes is not blamed for it: such a case says why it is not decided."""
    assert "sandbox" in (beyond_sandbox(Case(kind, "QUICKBOOKS", resource)) or "")


@pytest.mark.parametrize(("kind", "resource"), DECIDED.items())
def test_reads_and_answers_of_writes_are_decided(kind, resource):
    """Reads, and the answers of writes that the sandbox takes, are judged as anywhere."""
    assert beyond_sandbox(Case(kind, "QUICKBOOKS", resource)) is None
