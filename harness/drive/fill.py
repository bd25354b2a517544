"""Resolving the directives of input templates on one platform (see `harness.plan.model.Template`)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.plan.texts import SAMPLE_TEXTS

if TYPE_CHECKING:
    from harness.drive.drive import Drive

ACTIVE = frozenset({"active", "open", "unpaid", "partially_paid"})
RECENT = timedelta(hours=1)
"""How young a row is that comes last: another worker of this run may have made it, and may be about to delete it."""
DIRECTIVES = ("$ref", "$unique", "$date", "$text", "$uuid")


class _Missing(Exception):
    """No row fits a reference. `depends_on` names the reference whose next row may help; None when nothing can."""

    def __init__(self, told: str, depends_on: str | None) -> None:
        super().__init__(told)
        self.depends_on = depends_on


@dataclass
class _Picks:
    """The rows of one attempt by the name of their reference, and how many rows of each are passed over in it."""

    passed: Mapping[str, int]
    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)


class Filler:
    """Fills templates for one drive. Within one `fill`, the same `$ref` with the same conditions is the same row. A row
    that lacks the asked field, or leaves a reference that depends on it without a row, is passed over for the next."""

    def __init__(self, drive: "Drive") -> None:
        self._drive = drive

    def fill(self, template: Any) -> Any:
        """`template` with every directive replaced. Ends the case as inconclusive when no row can be referred to."""
        passed: dict[str, int] = {}
        told: str | None = None
        while True:
            try:
                return self._fill(template, _Picks(passed))
            except _Missing as missing:
                told = told or str(missing)
                if missing.depends_on is None:
                    self._drive.inconclusive(told)
                passed[missing.depends_on] = passed.get(missing.depends_on, 0) + 1

    def row(self, resource: str, where: Mapping[str, Any], minimum: Mapping[str, Any] | None = None) -> Any:
        """The first matching row of the snapshot, active ones first, new ones last; None when there is none."""
        return next(iter(self._rows(resource, where, minimum or {}, {})), None)

    def _rows(
        self, resource: str, where: Mapping[str, Any], minimum: Mapping[str, Any], prefer: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        walk = self._drive.snapshot(resource)
        place = (self._drive.platform, resource, json.dumps([where, minimum, prefer], sort_keys=True, default=str))
        known = self._drive.session.choices.get(place)
        if known is None or known[0] is not walk:
            known = self._drive.session.choices[place] = (walk, self._chosen(walk.rows, where, minimum, prefer))
        return known[1]

    def _chosen(
        self,
        rows: Iterable[Mapping[str, Any]],
        where: Mapping[str, Any],
        minimum: Mapping[str, Any],
        prefer: Mapping[str, Any],
    ) -> list[Mapping[str, Any]]:
        since = f"{self._drive.session.clock.now().astimezone(UTC) - RECENT:%Y-%m-%dT%H:%M:%S}"
        rows = [row for row in rows if _matches(row, where, minimum)]
        return sorted(
            rows,
            key=lambda row: (
                row.get("status") not in {*ACTIVE, None},
                not _matches(row, prefer, {}),
                str(row.get("created_at") or "") >= since,
            ),
        )

    def _fill(self, template: Any, picks: _Picks) -> Any:
        if isinstance(template, list):
            return list(self._elements(template, picks))
        if not isinstance(template, dict):
            return template
        directive = next((name for name in DIRECTIVES if name in template), None)
        if directive is None:
            return {key: self._fill(value, picks) for key, value in template.items()}
        return self._directive(directive, template, picks)

    def _elements(self, template: list[Any], picks: _Picks) -> Iterator[Any]:
        """The elements of a list; a further one is left out where there is no further row to refer to."""
        for number, item in enumerate(template):
            try:
                yield self._fill(item, picks)
            except _Missing as missing:
                if number == 0 or missing.depends_on is not None:
                    raise

    def _directive(self, directive: str, template: Mapping[str, Any], picks: _Picks) -> Any:
        match directive:
            case "$ref":
                return self._reference(template, picks)
            case "$unique":
                text = _unique(str(template["$unique"]), template.get("length"), self._drive.uuid())
                self._drive.session.uniques.setdefault(self._drive.platform, set()).add(text)
                return text
            case "$uuid":
                return self._drive.uuid()
            case "$text":
                return SAMPLE_TEXTS[template["$text"]]
        return self._date(template["$date"])

    def _reference(self, template: Mapping[str, Any], picks: _Picks) -> Any:
        name, where = self._named(template, picks)
        if name not in picks.rows:
            resource = template["$ref"]
            rows = self._rows(resource, where, template.get("min", {}), template.get("prefer", {}))
            index = template.get("skip", 0) + picks.passed.get(name, 0)
            if index >= len(rows):
                told = f" with {json.dumps(where)}" if where else ""
                raise _Missing(
                    f"there is no row of {resource}{told} on {self._drive.platform} to refer to",
                    self._depends_on(template, picks),
                )
            picks.rows[name] = rows[index]
        path = template.get("field", "id")
        value = next(iter(_values(picks.rows[name], path)), None)
        if value is None:
            raise _Missing(f"no row of {template['$ref']} on {self._drive.platform} has a {path}", name)
        return value

    def _named(self, template: Mapping[str, Any], picks: _Picks) -> tuple[str, Any]:
        """(what tells this reference from others, its filled conditions)."""
        where = self._fill(template.get("where", {}), picks)
        rest = [template.get(key) for key in ("min", "prefer", "skip")]
        return json.dumps([template["$ref"], where, *rest], sort_keys=True), where

    def _depends_on(self, template: Mapping[str, Any], picks: _Picks) -> str | None:
        for value in template.get("where", {}).values():
            if isinstance(value, dict) and "$ref" in value:
                return self._named(value, picks)[0]
        return None

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


def _unique(prefix: str, length: int | None, chance: str) -> str:
    """The prefix and random hex digits: ten, or as many as `length` leaves, at least one."""
    digits = 10 if length is None else max(length - len(prefix), 1)
    return prefix + chance.replace("-", "")[:digits]


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
