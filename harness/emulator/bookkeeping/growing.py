"""Many more rows of a list, quickly: copies of generated documents, each with an identity and a time of its own.

A copy refers to the same vendors, accounts and items as its original, so that every reference resolves. It is linked to
no payment or credit, so that what is due is its whole total. Copies lie before the originals in time, one every five
minutes.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from harness.core import iso_utc
from harness.emulator.bookkeeping.derived import derive
from harness.emulator.credentials import NAMESPACE

Document = dict[str, Any]
STEP = timedelta(minutes=5)
DUE = timedelta(days=30)
SYNCED = timedelta(minutes=1)
STAMPS = ("updated_at", "created_at", "last_synced_at")
DAYS = ("issue_date", "transaction_date", "txn_date", "expected_date")
MARK = "\x1a"
"""Stands in a mould where a value of the copy belongs: no generated text holds it."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One new row: its JSON without and of `platform_data`, and the fields in which it differs from its original."""

    original: Document
    body: str
    extra: str | None
    changed: Mapping[str, str]

    @property
    def fields(self) -> Document:
        """The top-level fields, without platform_data."""
        return {**self.original, **{name: value for name, value in self.changed.items() if name in self.original}}


class _Mould:
    """A document with gaps for what is a copy's own."""

    def __init__(self, name: str, original: Document) -> None:
        plain = {field: [] if field.startswith("linked_") else value for field, value in original.items()}
        extra = plain.pop("platform_data", None)
        self.extra = None if extra is None else json.dumps(extra, separators=(",", ":"))
        self.original = plain = derive(name, plain)
        own = [field for field in ("id", "platform_id", "document_number", *STAMPS, *DAYS, "due_date")
               if isinstance(plain.get(field), str)]  # fmt: skip
        text = json.dumps({**plain, **{field: f"{MARK}{field}{MARK}" for field in own}}, ensure_ascii=False,
                          separators=(",", ":"))  # fmt: skip
        pieces = text.split("\\u001a")
        self.names = pieces[1::2]
        self.texts = pieces[0::2]

    def cast(self, changed: Mapping[str, str]) -> Copy:
        """A copy."""
        joined = [self.texts[0]]
        for name, text in zip(self.names, self.texts[1:], strict=True):
            joined += changed[name], text
        return Copy(self.original, "".join(joined), self.extra, changed)


def grown(name: str, originals: Sequence[Document], numbers: range, *, seed: int, first: datetime) -> Iterator[Copy]:
    """The copies with these numbers; the same numbers give the same copies. Copy 0 is of the instant `first`."""
    moulds = [_Mould(name, item) for item in originals]
    for number in numbers:
        updated = first + STEP * number
        at = iso_utc(updated)
        midnight = f"{at[:10]}T00:00:00.000Z"
        changed = dict.fromkeys((*STAMPS, *DAYS), midnight)
        changed |= {
            "id": str(uuid.uuid5(NAMESPACE, f"{seed}:grown:{name}:{number}")), "platform_id": str(1_000_000 + number),
            "document_number": f"{name[:3].upper()}-{1_000_000 + number}", "updated_at": at, "created_at": at,
            "last_synced_at": iso_utc(updated + SYNCED * (number % 30 + 1)), "due_date": _due(at[:10]),
        }  # fmt: skip
        yield moulds[number % len(moulds)].cast(changed)


@cache
def _due(day: str) -> str:
    return iso_utc(datetime.fromisoformat(day).replace(tzinfo=UTC) + DUE)
