"""Resolving the directives of input templates on one platform (see `harness.plan.model.Template`)."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from harness.errors import UsageError
from harness.plan.texts import SAMPLE_TEXTS

if TYPE_CHECKING:
    from harness.drive.drive import Drive

ACTIVE = frozenset({"active", "open", "unpaid", "partially_paid"})
DIRECTIVES = ("$ref", "$unique", "$date", "$text", "$uuid")


class Filler:
    """Fills templates for one drive. Within one `fill`, the same `$ref` with the same conditions is the same row."""

    def __init__(self, drive: "Drive") -> None:
        self._drive = drive

    def fill(self, template: Any) -> Any:
        """`template` with every directive replaced. Ends the case as inconclusive when no row can be referred to."""
        return self._fill(template, {})

    def row(self, resource: str, where: Mapping[str, Any], minimum: Mapping[str, Any] | None = None) -> Any:
        """The first matching row of the resource's snapshot, active ones first; None when there is none."""
        rows = self._drive.snapshot(resource).rows
        matching = [row for row in rows if _matches(row, where, minimum or {})]
        matching.sort(key=lambda row: row.get("status") not in ACTIVE and row.get("status") is not None)
        return matching[0] if matching else None

    def _fill(self, template: Any, picked: dict[str, Any]) -> Any:
        if isinstance(template, list):
            return [self._fill(item, picked) for item in template]
        if not isinstance(template, dict):
            return template
        directive = next((name for name in DIRECTIVES if name in template), None)
        if directive is None:
            return {key: self._fill(value, picked) for key, value in template.items()}
        match directive:
            case "$ref":
                return self._reference(template, picked)
            case "$unique":
                return f"{template['$unique']}{uuid4().hex[:10]}"
            case "$uuid":
                return str(uuid4())
            case "$text":
                return SAMPLE_TEXTS[template["$text"]]
        return self._date(template["$date"])

    def _reference(self, template: Mapping[str, Any], picked: dict[str, Any]) -> Any:
        resource = template["$ref"]
        where = self._fill(template.get("where", {}), picked)
        minimum = template.get("min", {})
        name = json.dumps([resource, where, minimum], sort_keys=True)
        if name not in picked:
            row = self.row(resource, where, minimum)
            if row is None:
                told = f" with {json.dumps(where)}" if where else ""
                self._drive.inconclusive(f"there is no row of {resource}{told} on {self._drive.platform} to refer to")
            picked[name] = row
        values = list(_values(picked[name], template.get("field", "id")))
        return values[0] if values else None

    def _date(self, text: str) -> str:
        """`today`, `today+30`, or a day, as midnight UTC."""
        if text.startswith("today"):
            day = self._drive.session.clock.now().astimezone(UTC) + timedelta(days=int(text[5:] or 0))
        else:
            try:
                day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
            except ValueError:
                raise UsageError(f'$date "{text}" is not YYYY-MM-DD, today or today+30') from None
        return day.strftime("%Y-%m-%dT00:00:00.000Z")


def _values(value: Any, path: str) -> Iterable[Any]:
    """Every value at a dotted path, arrays (`[]`) opened."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    found = value.get(name) if isinstance(value, dict) else None
    for item in (found or ()) if head.endswith("[]") else (found,):
        if rest:
            yield from _values(item, rest)
        elif item is not None:
            yield item


def _matches(row: Mapping[str, Any], where: Mapping[str, Any], minimum: Mapping[str, Any]) -> bool:
    for path, wanted in where.items():
        allowed = wanted if isinstance(wanted, list) else [wanted]
        found = list(_values(row, path))
        if wanted is None:
            if found:
                return False
        elif not any(value in allowed for value in found):
            return False
    for path, least in minimum.items():
        numbers = [value for value in _values(row, path) if isinstance(value, (int, float))]
        if not any(Decimal(str(value)) >= Decimal(str(least)) for value in numbers):
            return False
    return True
