"""Which worker runs which tests of golive itself: a module stays on one worker, the longest modules begin first.

What the tests of a module share (a recording, an emulator, a whole proof of the plans) is then made once. Own scheduler
instead of `--dist loadgroup` and its marks: under pytest 9.2 they no longer reach the scheduler of pytest-xdist 3.8,
and each worker made all of it for itself.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    "recording/test_cassettes.py",
    "run/test_run.py",
    "gauntlet/test_gauntlet.py",
    "defects/test_defects.py",
    "backend/test_webhooks.py",
    "backend/test_sync.py",
    "run/test_backend_run.py",
    "run/test_edits.py",
    "emulator/test_processes.py",
    "searching/test_books.py",
    "emulator/test_webhooks.py",
    "rollout/test_rollout.py",
)
"""The modules that take longest, longest first; the others follow by the number of their tests. One that is missing
here costs only that the workers do not end together."""


class ModuleScheduling(LoadScopeScheduling):
    """Spreads modules. The base begins with those that have most tests, whatever each of them takes."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self._ordered = False

    def _split_scope(self, nodeid: str) -> str:
        """The module of a test."""
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: Any) -> None:
        """Send the next module to a worker."""
        if not self._ordered:
            self._ordered = True
            for ending in reversed(LONGEST):
                for module in [module for module in self.workqueue if module.endswith(f"/{ending}")]:
                    self.workqueue.move_to_end(module, last=False)
        super()._assign_work_unit(node)
