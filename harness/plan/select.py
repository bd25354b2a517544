"""Choosing cases: by area, kind or pattern, platform, resource, and by the checklist's patterns."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from harness.errors import UsageError
from harness.plan.case import Case
from harness.plan.expansion import AREAS
from harness.plan.problems import nearest

NOTHING = r"(?!)"
"""Matches no text: what no pattern at all stands for."""


def select_cases(
    cases: Iterable[Case],
    *,
    areas: Sequence[str] = (),
    platforms: Sequence[str] = (),
    resources: Sequence[str] = (),
) -> list[Case]:
    """The cases of the named areas, platforms and resources; empty means all but those on demand.

    An area may be narrowed to a kind (`fields.types`) or be a pattern of case ids (`writes/*/XERO/**`). A resource
    leaves out the cases about the API as a whole. Raises UsageError for an unknown area, or when nothing is left.
    """
    for text in areas:
        area = re.split(r"[./]", text, maxsplit=1)[0]
        if area not in {*AREAS, "*", "**"}:
            raise UsageError(f'unknown area "{text}"{nearest(area, AREAS)}')
    chosen = [
        case
        for case in cases
        if (any(_selected(case, text) for text in areas) if areas else not case.on_demand)
        and (not platforms or case.platform in platforms)
        and (not resources or case.resource in resources)
    ]
    if not chosen:
        asked = ", ".join((*areas, *platforms, *resources))
        raise UsageError(f"no case is left: the plans ask for nothing that is {asked}" if asked else "there is no case")
    return chosen


def each_once(cases: Iterable[Case]) -> list[Case]:
    """The cases of each resource on one platform only, of as few platforms as have them all: those with the most
    resources come first. What is about the API as a whole stays for these platforms."""
    every = list(cases)
    have: dict[str, set[str | None]] = {}
    for case in every:
        have.setdefault(case.platform, set()).add(case.resource)
    chosen: dict[str | None, str] = {}
    for platform in sorted(have, key=lambda name: -len(have[name])):
        for resource in have[platform] - {None}:
            chosen.setdefault(resource, platform)
    kept = set(chosen.values())
    return [case for case in every if chosen.get(case.resource, case.platform) == case.platform in kept]


def matches(case_id: str, patterns: Iterable[str]) -> bool:
    """Whether any of the patterns matches the whole id: `*` stands for one part or a piece of one, `**` for any number
    of parts, none included."""
    return _pattern(tuple(patterns)).fullmatch(f"/{case_id}") is not None


@cache
def _pattern(texts: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_expression, texts)) or NOTHING)


def _expression(text: str) -> str:
    parts = [
        "(?:/[^/]+)*" if part == "**" else "/" + re.escape(part).replace(r"\*", "[^/]*" if part != "*" else "[^/]+")
        for part in text.split("/")
    ]
    return "".join(parts)


def _selected(case: Case, text: str) -> bool:
    if "/" in text:
        return matches(case.id, (text,))
    return text in {case.area, case.kind}
