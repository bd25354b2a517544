"""Which worker proves which case: the cases of a group stay on one worker, in order.

Own scheduler instead of `--dist loadgroup`: under pytest 9.2 the group's suffix no longer reaches the scheduler of
pytest-xdist 3.8, and cases that must not disturb each other ran side by side.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Spreads groups, largest first; a test that proves no case is a group of its own."""

    def __init__(self, config: pytest.Config, log: Any, groups: Mapping[str, str]) -> None:
        super().__init__(config, log)
        self._groups = groups

    def _split_scope(self, nodeid: str) -> str:
        """The group of the case that a test proves."""
        case = nodeid.partition("[")[2].rpartition("]")[0]
        return self._groups.get(case, nodeid)
