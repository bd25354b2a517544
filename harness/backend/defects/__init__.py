"""Wrong behaviours of the reference backend, switched on by name: they show that its suite can fail.

None is on unless a run asks for it (`golive run --select backend --defect NAME`); the parts of the backend know nothing
of them.
"""

from harness.backend.defects.registry import Defect, all_defects, chosen

__all__ = ["Defect", "all_defects", "chosen"]
