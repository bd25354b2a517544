"""From requirements to cases. Each area has its own module in `harness.plan.areas`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from types import ModuleType

from harness.contract import Contract
from harness.plan.case import Case, Requirement

AREAS = (
    *("fields", "queries", "writes", "roundtrip", "idempotency", "dates", "money", "errors", "jobs", "config"),
    *("ledger", "contract", "backend", "edits"),
)

Expander = Callable[[Requirement, Contract], Iterator[Case]]
PlatformExpander = Callable[[str, tuple[str, ...], Contract], Iterator[Case]]


def expand(requirements: Iterable[Requirement], contract: Contract) -> list[Case]:
    """All cases, area by area within each group, ids unique. The order and the ids depend on nothing but the plans.

    An area module has `expand(requirement, contract)` for cases about a resource and may have
    `expand_platform(platform, plans, contract)` for cases about the API as a whole.
    """
    wanted = list(requirements)
    cases: dict[str, Case] = {}
    platforms: dict[str, tuple[str, ...]] = {}
    for requirement in wanted:
        known = platforms.get(requirement.platform, ())
        platforms[requirement.platform] = tuple(dict.fromkeys((*known, *requirement.plans)))
    for module in _modules().values():
        for requirement in wanted:
            for case in module.expand(requirement, contract):
                cases.setdefault(case.id, case)
        expand_platform = getattr(module, "expand_platform", None)
        if expand_platform is not None:
            for platform, plans in platforms.items():
                for case in expand_platform(platform, plans, contract):
                    cases.setdefault(case.id, case)
    return list(cases.values())


def _modules() -> Mapping[str, ModuleType]:
    return {area: import_module(f"harness.plan.areas.{area}") for area in AREAS}
