"""A stored document as it is read, and the texts that are stored of it."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.emulator.clock import read_millis
from harness.emulator.jsontext import dense

Document = dict[str, Any]
COLUMNS = "position, id, updated, body, extra"


@dataclass(frozen=True)
class Row:
    """A stored document: its position (insertion order), its `updated_at` in milliseconds, and its JSON.

    `body` is the JSON without `platform_data`, what most reads give; `extra` is the JSON of `platform_data`, None when
    the document has none. `key` is the value that a sorted page goes by, None otherwise.
    """

    position: int
    id: str
    updated: int
    body: str
    extra: str | None
    key: str | int | None = None

    @cached_property
    def document(self) -> Document:
        """The whole document. Not to be changed: make another one and put it."""
        found: Document = json.loads(self.body)
        if self.extra is not None:
            found["platform_data"] = json.loads(self.extra)
        return found

    @cached_property
    def brief(self) -> bytes:
        """The JSON without `platform_data`, encoded."""
        return self.body.encode()

    @cached_property
    def full(self) -> bytes:
        """The JSON of the whole document, encoded."""
        if self.extra is None:
            return self.brief
        separator = "," if len(self.body) > len("{}") else ""
        return f'{self.body[:-1]}{separator}"platform_data":{self.extra}}}'.encode()


def encode(value: Any) -> str:
    """The text of a value."""
    return dense(value).decode()


def texts_of(document: Document) -> tuple[str, str | None]:
    """`body` and `extra` of a document."""
    if "platform_data" not in document:
        return encode(document), None
    shown = {name: value for name, value in document.items() if name != "platform_data"}
    return encode(shown), encode(document["platform_data"])


def updated_of(document: Document) -> int:
    """`updated_at`, or `last_synced_at` where there is none, in milliseconds; 0 without both."""
    moment = document.get("updated_at") or document.get("last_synced_at")
    return (read_millis(moment) or 0) if isinstance(moment, str) else 0
