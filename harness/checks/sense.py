"""Values of the right type that say nothing: a program's word for nothing, an object that is its own parent."""

from collections.abc import Iterator

from harness.checks.fields import Rows
from harness.checks.paths import short
from harness.checks.registry import Observation, check

PLACEHOLDERS = frozenset({"undefined", "[object Object]", "NaN", "None", "null", "nil"})
"""What a program writes where it has no value."""


@check("fields.placeholder")
def placeholder(subject: Rows) -> Iterator[Observation]:
    """A field that only the API fills holds a value or null, never the text that a program makes of nothing
    ("undefined"); and an object is not its own parent. Source: [S24] types and x-ref."""
    written = {*subject.described.create_fields, *subject.described.update_fields}
    own = [name for name, field in subject.described.fields.items() if "." not in name and name not in written
           and "string" in field.types]  # fmt: skip
    told: set[str] = set()
    for index, row in enumerate(subject.rows):
        found = [(name, row[name], "a value or null") for name in own if row.get(name) in PLACEHOLDERS]
        if isinstance(row.get("parent_id"), str) and row["parent_id"] == row.get("id"):
            found.append(("parent_id", row["parent_id"], "the id of another object, or null"))
        for name, value, wanted in found:
            if name not in told:
                told.add(name)
                yield Observation(f"{name} names nothing", wanted, short(value), name, (subject.origins[index],))
