"""Which operations a defect really changed: the difference between "nobody asked" and "nobody noticed"."""

import json
from collections import Counter
from typing import Any

from harness.emulator.answering import Api
from harness.emulator.messages import Answer, Incoming

Before = tuple[int, bytes, dict[str, str]]


class Meetings:
    """Counts, by (method, resource, operation), the requests that were heard or answered otherwise than without the
    defects that are on."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str | None, str | None]] = Counter()

    def forget(self) -> None:
        """Start again: other defects are on."""
        self._counts.clear()

    def told(self) -> list[dict[str, Any]]:
        """The counts as JSON."""
        return [
            {"method": method, "resource": resource, "operation": operation, "count": count}
            for (method, resource, operation), count in sorted(self._counts.items(), key=str)
        ]

    def note(self, api: Api, original: Incoming, heard: Incoming, before: Before | None, answer: Answer) -> None:
        """Count one request, if a defect changed it or its answer. `before` is None when one answered early."""
        if before is not None and not _changed(original, heard) and not _spoilt(before, answer):
            return
        match = api.match(original.method, original.path)
        known = match is not None and match.resource is not None and match.operation is not None
        resource = match.resource.name if known and match is not None and match.resource else None
        operation = match.operation.name if known and match is not None and match.operation else None
        self._counts[original.method, resource, operation] += 1


def _changed(original: Incoming, heard: Incoming) -> bool:
    return (original.path, original.query, original.headers, original.body) != (
        heard.path, heard.query, heard.headers, heard.body,
    )  # fmt: skip


def _spoilt(before: Before, answer: Answer) -> bool:
    status, content, headers = before
    if (status, headers) != (answer.status, answer.headers):
        return True
    return content != answer.content and _json(content) != _json(answer.content)


def _json(content: bytes) -> Any:
    """The value, with numbers as they are written: 1.10 is not 1.1. Bytes that are no JSON stand for themselves."""
    try:
        return json.loads(content, parse_float=str, parse_int=str)
    except ValueError:
        return content
