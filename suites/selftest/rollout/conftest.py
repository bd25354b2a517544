"""What the tests of rollouts share: the shipped plan."""

import pytest

from harness.contract import load_contract
from harness.plan.rollout import Rollout
from harness.plan.rollout_loader import load_rollout


@pytest.fixture(scope="session")
def plan() -> Rollout:
    """The shipped rollout plan."""
    return load_rollout(load_contract())
