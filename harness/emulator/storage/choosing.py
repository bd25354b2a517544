"""Which index a page is read by. SQLite knows nothing of how values are spread, so a bounded count decides.

A list may be read along its order, leaving out what does not match, or through one condition, sorting what matches.
The second is right when little matches, the first when much does: then a page is soon full. PostgreSQL keeps
statistics and chooses for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.emulator.storage.database import Database
from harness.emulator.storage.sortkeys import SPREAD

FEW = 5_000
"""So many rows may be sorted for one page: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Part:
    """One condition as SQL: its column, its text with the values, and whether it is an equality."""

    column: str
    text: str
    values: tuple[Any, ...]
    equality: bool


def index_of(database: Database, shelf: int, parts: Sequence[Part], order: str | None) -> str:
    """`INDEXED BY ...` for a page, empty where the database chooses. `order` is the column sorted by, None: newest
    first."""
    if database.shared:
        return ""
    along = "document_order" if order in {None, "updated"} else f"sorted_{str(order)[1:]}"
    equal = [part for part in parts if part.equality and _index(part.column).startswith("newest")]
    if order is None:
        along = _index(equal[0].column) if equal else along
        if len(parts) == 1 and (equal or parts[0].column == "updated"):
            return f"INDEXED BY {along}"
    counts = [(_count(database, shelf, part), part) for part in parts]
    least, part = min(counts, key=lambda pair: pair[0], default=(FEW + 1, None))
    return f"INDEXED BY {along if part is None or least > FEW else _index(part.column)}"


def _count(database: Database, shelf: int, part: Part) -> int:
    """How many rows match, counted up to a bound."""
    found = database.row(
        f"SELECT count(*) FROM (SELECT 1 FROM documents INDEXED BY {_index(part.column)} "  # noqa: S608 - our own names
        f"WHERE shelf = ? AND {part.text} LIMIT {FEW + 1})",
        *(shelf, *part.values),
    )
    return int(found[0])


def _index(column: str) -> str:
    """The index that has the rows of a condition together."""
    if column == "updated":
        return "document_order"
    return f"{'sorted' if int(column[1:]) < SPREAD else 'newest'}_{column[1:]}"
