"""Choosing cases: by area, platform, resource, and by the checklist's patterns."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from harness.contract.loader import suggest
from harness.errors import UsageError
from harness.plan.case import Case
from harness.plan.expansion import AREAS


def select_cases(
    cases: Iterable[Case],
    *,
    areas: Sequence[str] = (),
    platforms: Sequence[str] = (),
    resources: Sequence[str] = (),
) -> list[Case]:
    """The cases of the named areas, platforms and resources; empty means all. A resource leaves out the cases about
    the API as a whole. Raises UsageError for an unknown area, or when nothing is left."""
    for area in areas:
        if area not in AREAS:
            raise UsageError(f'unknown area "{area}"{suggest(area, AREAS)}')
    chosen = [
        case
        for case in cases
        if (not areas or case.area in areas)
        and (not platforms or case.platform in platforms)
        and (not resources or case.resource in resources)
    ]
    if not chosen:
        raise UsageError("no case is left: the selection excludes everything that the plans ask for")
    return chosen


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of case ids: `*` stands for one part, `**` for any number of parts."""
    parts = [r"[^/]+" if part == "*" else r".+" if part == "**" else re.escape(part).replace(r"\*", "[^/]*")
             for part in text.split("/")]
    return re.compile("/".join(parts))


def matches(case_id: str, patterns: Iterable[str]) -> bool:
    """Whether any of the patterns matches the whole id."""
    return any(pattern(text).fullmatch(case_id) for text in patterns)
