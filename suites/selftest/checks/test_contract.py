"""What the contract alone says of an answer never votes."""

import pytest

from harness.checks import judge
from harness.checks.contract import Generated
from harness.core import Evidence, Severity


def answer(status: int) -> Evidence:
    """A bare answer."""
    return Evidence(
        "e-1", "c", "XERO", None, "bills", "list", "GET", "http://x", "/accounting/bills", (("limit", "x"),), {}, None,
        status, {}, {}, True, None, None, "2026-01-01T00:00:00Z", 1.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "fits", "problems", "found"),
    [
        (200, True, (), []),
        (400, False, (), []),
        (404, True, (), []),
        (200, False, (), ["contract.refusal"]),
        (200, True, (("bills[].id", "is no text"),), ["contract.answer"]),
        (403, True, (), ["contract.acceptance"]),
    ],
)
def test_notes_of_the_contract(status, fits, problems, found):
    """Each way to leave the contract is noted once, and is advisory."""
    subject = Generated("c", "XERO", "bills", answer(status), "GET /accounting/bills", fits, problems)
    notes = judge(subject, ["contract.answer", "contract.refusal", "contract.acceptance"])
    assert [note.check for note in notes] == found
    assert all(note.severity is Severity.ADVISORY for note in notes)
