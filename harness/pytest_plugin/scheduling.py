"""Which worker proves which case: the cases of a group stay on one worker, in order.

Own scheduler instead of `--dist loadgroup`: under pytest 9.2 the group's suffix no longer reaches the scheduler of
pytest-xdist 3.8, and cases that must not disturb each other ran side by side.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from harness.plan.case import BACKEND_GROUP
from harness.pytest_plugin.collecting import ROUND


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Spreads groups, largest first; a test that proves no case is a group of its own.

    The base looks through every test of a worker for each test that ends, which costs seconds for thousands of cases:
    here places are looked up, and a group that is done is put away.
    """

    def __init__(
        self,
        config: pytest.Config,
        log: Any,
        groups: Mapping[str, str],
        *,
        ended: Callable[[str, str], None] | None = None,
    ) -> None:
        super().__init__(config, log)
        self._groups = groups
        self._ended = ended
        self._places: dict[str, int] = {}

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Note that a test ended; put its group away when it was the last one of it."""
        super().mark_test_complete(node, item_index, duration)
        nodeid = self.registered_collections[node][item_index]
        if self._ended is not None and (case := _case(nodeid)) in self._groups:
            self._ended(nodeid, case)
        scope = self._split_scope(nodeid)
        assigned = self.assigned_work[node]
        if all(assigned[scope].values()):
            del assigned[scope]

    def _assign_work_unit(self, node: Any) -> None:
        """Send the next group to a worker. Every worker collected the same tests in the same order."""
        if not self._places:
            self._places = {nodeid: place for place, nodeid in enumerate(self.collection)}
            if BACKEND_GROUP in self.workqueue:
                self.workqueue.move_to_end(BACKEND_GROUP, last=False)  # it mostly waits: never let a run end with it
        scope, unit = self.workqueue.popitem(last=False)
        self.assigned_work.setdefault(node, {})[scope] = unit
        node.send_runtest_some([self._places[nodeid] for nodeid, completed in unit.items() if not completed])

    def _split_scope(self, nodeid: str) -> str:
        """The group of the case that a test proves."""
        return self._groups.get(_case(nodeid), nodeid)


def _case(nodeid: str) -> str:
    """The id of the case that a test proves."""
    return nodeid.partition("[")[2].rpartition("]")[0].partition(ROUND)[0]
