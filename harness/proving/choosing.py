"""Which cases could notice a defect, cheapest first. Pure: what cases judge and cost was measured without defects."""

from collections.abc import Iterable, Mapping, Sequence

from harness.emulator.defects import Defect
from harness.plan.case import Case
from harness.proving.orders import CaseFacts, Trial

PROBES = 8
"""Cases at other resources that are tried before a defect counts as one that the plans never meet."""


def homes_of(requirements: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The platform on which each resource is proven: the first that the plans name."""
    homes: dict[str, str] = {}
    for platform, resource in requirements:
        homes.setdefault(resource, platform)
    return homes


def candidates(defect: Defect, cases: Sequence[Case], facts: Mapping[str, CaseFacts]) -> list[Case]:
    """The cases that could notice a defect: those that judged with a check that it trips, then those of its area; at
    its own resource, then at the API as a whole, then, when the plans do not have its resource, at any."""
    areas = {check.partition(".")[0] for check in defect.trips}
    own = [case for case in cases if (case.resource or "api") == defect.resource]
    near = own + [case for case in cases if case.resource is None and case not in own]
    if not own:
        near = list(cases)

    def rank(case: Case) -> tuple[bool, bool, bool, int, float]:
        fact = facts.get(case.id)
        judged = set(fact.checks) if fact else set()
        return (
            not judged.intersection(defect.trips),
            (case.resource or "api") != defect.resource,
            case.area not in areas,
            fact.requests if fact else 0,
            fact.seconds if fact else 0.0,
        )

    useful = [case for case in near if _could(case, areas, facts.get(case.id), defect)]
    return sorted(useful, key=rank)


def _could(case: Case, areas: set[str], fact: CaseFacts | None, defect: Defect) -> bool:
    if fact is None or case.area in areas:
        return True
    return bool({check.partition(".")[0] for check in fact.checks} & areas) or bool(set(fact.checks) & {*defect.trips})


def trial_of(
    defect: Defect, cases: Sequence[Case], facts: Mapping[str, CaseFacts], *, thorough: bool, votes: bool
) -> Trial:
    """The trial of a defect. `votes` False: none of its checks votes, so a finding need not."""
    chosen = candidates(defect, cases, facts)
    known = any((case.resource or "api") == defect.resource for case in cases)
    return Trial(
        name=defect.name,
        defects=(defect.name,),
        cases=tuple(case.id for case in chosen),
        until=defect.trips,
        thorough=thorough,
        places=(defect.resource,),
        areas=tuple(sorted({check.partition(".")[0] for check in defect.trips})),
        votes=votes,
        probe=0 if known else PROBES,
    )


def clean_trials(cases: Sequence[Case]) -> list[Trial]:
    """Every case without a defect, in the groups that a run keeps together."""
    groups: dict[str, list[str]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case.id)
    largest = sorted(groups.items(), key=lambda pair: -len(pair[1]))
    return [Trial(name=group, defects=(), cases=tuple(ids)) for group, ids in largest]
