"""What a plan lacks, as the smallest addition to it."""

import pytest
import yaml

from harness.contract import load_contract
from harness.plan import Plan, default_plan_paths, load_plans
from harness.proving.advising import addition, joined, shrunk

CONTRACT = load_contract()
REFERENCE = load_plans(default_plan_paths(), CONTRACT)
OWN = Plan.model_validate(
    yaml.safe_load(
        """
        plan: mine
        title: Mine
        platforms: [QUICKBOOKS]
        resources:
          bills:
            fields: {required: [id]}
            queries: {filter: [vendor_id], sort: [], params: []}
        """
    )
)


@pytest.mark.parametrize(
    ("case", "piece"),
    [
        ("queries/filter/QUICKBOOKS/bills/due_date", {"queries": {"filter": ["due_date"]}}),
        ("queries/window/QUICKBOOKS/bills/updated_at_min", {"queries": {"params": ["updated_at_min"]}}),
        ("roundtrip/read/QUICKBOOKS/bills", {"create": {}}),
        ("fields/fill/QUICKBOOKS/bills/due_date", {"fields": {"fill": {"due_date": 0.5}}}),
        ("fields/types/QUICKBOOKS/vendors", {}),
        ("fields/types/XERO/subscriptions", None),
    ],
)
def test_the_addition_is_the_smallest_that_asks_for_the_case(case, piece):
    """The piece names the one field, write or query that the plan lacks; nothing when no shipped plan knows."""
    assert addition(case, [OWN], REFERENCE, CONTRACT) == piece


def test_shrinking_keeps_what_is_needed():
    """Whatever can be taken away is taken away, and what remains still holds."""
    whole = {"a": {"b": [1, 2, 3], "c": 1}, "d": 2}
    assert shrunk(whole, lambda piece: 2 in piece.get("a", {}).get("b", ())) == {"a": {"b": [2]}}


def test_pieces_join_without_losing_what_was_there():
    """Lists grow, mappings merge, what is written anew replaces the rest."""
    assert joined({"a": [1], "b": {"c": 1}, "d": False}, {"a": [1, 2], "b": {"e": 2}, "d": {}}) == {
        "a": [1, 2],
        "b": {"c": 1, "e": 2},
        "d": {},
    }
