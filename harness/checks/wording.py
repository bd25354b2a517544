"""A query in words, and the rows that break it with the values that show it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.checks.paths import short

SHOWN = 3
"""Rows that a finding names."""
BESIDE = ("sort=", "expand=", "limit=")
"""Parameters that select nothing."""


def rule(query: str) -> str:
    """What a row has to be: the conditions of a query (`filter=status="open"&updated_at_min=7`) as
    `status="open" and updated_at >= 7 ms`."""
    parts = [part.removeprefix("filter=") for part in query.split("&") if not part.startswith(BESIDE)]
    return " and ".join(_bound(part) for part in parts)


def _bound(part: str) -> str:
    for ending, sign in (("_min=", ">="), ("_max=", "<=")):
        name, found, value = part.partition(ending)
        if found and name.isidentifier():
            return f"{name} {sign} {value} ms"
    return part


def named(query: str, field: str | None, ids: Sequence[str], rows: Mapping[str, Mapping[str, Any]] | None) -> str:
    """The first of some rows, each with its values of the fields that the query asks for."""
    asked = re.findall(r'(\w+)(?=[=>~]"| [<>]= )', rule(query))
    names, known = dict.fromkeys(name for name in (*asked, field) if name), rows or {}
    told = []
    for id in ids[:SHOWN]:
        row = known.get(id, {})
        values = ", ".join(f"{name} {short(row[name])}" for name in names if name in row)
        told.append(f"{id} ({values})" if values else id)
    return ", ".join(told) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")
