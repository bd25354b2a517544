"""Plans: YAML a QA engineer writes, validated with file:line, merged into requirements, expanded into cases."""

from harness.plan.case import Case, Requirement
from harness.plan.expansion import AREAS, expand
from harness.plan.loader import (
    default_plan_paths,
    load_accepted,
    load_attestations,
    load_checklist,
    load_plan,
    load_plans,
    resource_lines,
)
from harness.plan.merging import Unsupported, merge, unsupported
from harness.plan.model import Accepted, Attestation, Checklist, ChecklistItem, Plan
from harness.plan.select import matches, select_cases

__all__ = [
    "AREAS",
    "Accepted",
    "Attestation",
    "Case",
    "Checklist",
    "ChecklistItem",
    "Plan",
    "Requirement",
    "Unsupported",
    "default_plan_paths",
    "expand",
    "load_accepted",
    "load_attestations",
    "load_checklist",
    "load_plan",
    "load_plans",
    "matches",
    "merge",
    "resource_lines",
    "select_cases",
    "unsupported",
]
