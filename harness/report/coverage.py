"""What the evidence shows of the API's surface: endpoints by platform, fields by resource."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from harness.core import Evidence
from harness.report.declared import RAW_RECORD, Declared, DeclaredResource, recurs
from harness.report.legible import one_line
from harness.report.parameters import ParameterScan
from harness.report.surface import Coverage, EndpointCell, FieldCell, ResourceFields

NO_PLATFORM = "-"
"""Stands for requests that belong to no connection, such as `GET /connections`."""

MOST_ENDPOINTS = 400
"""Endpoints that are not declared are kept up to this number: a redirecting target must not fill the report."""

MOST_UNDECLARED = 60
"""Undeclared fields of a resource are kept up to this number."""

_ID = re.compile(r"\{\{.*\}\}|(?=.*\d)[\w%.~:-]{6,}|\d+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T|$)")


@dataclass
class _Endpoint:
    requests: int = 0
    ok: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass
class _Fields:
    rows: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)


class CoverageScan:
    """Fed with all evidence of a worker in order; cases are recognised by their evidence standing together."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._endpoints: dict[tuple[str, str | None, str | None, str], _Endpoint] = {}
        self._fields: dict[str, _Fields] = {}
        self._rows: set[tuple[str | None, str, str]] = set()
        self._parameters = ParameterScan(declared)
        self._case: str | None = None
        self._sent: dict[str, dict[str, tuple[Any, ...]]] = {}

    def add(self, item: Evidence) -> None:
        """Count one exchange."""
        self._count_endpoint(item)
        self._parameters.add(item)
        declared = self._declared.resources.get(item.resource or "")
        if declared is None or item.resource is None:
            return
        if item.case != self._case:
            self._case, self._sent = item.case, {}
        fields = self._fields.setdefault(item.resource, _Fields())
        if item.status == 200 and item.method in {"POST", "PATCH"}:
            self._count_sent(item, declared, fields)
        if item.status == 200:
            for row in _rows(item.response_json, declared):
                self._count_row(item, row, fields)

    def coverage(self) -> Coverage:
        """The cells, in a stable order: declared endpoints first, as the contract lists them."""
        return Coverage(
            endpoints=tuple(self._endpoint_cells()),
            fields=tuple(self._field_cells()),
            parameters=tuple(self._parameters.cells()),
        )

    def _count_endpoint(self, item: Evidence) -> None:
        declared = self._declared.resources.get(item.resource or "")
        template = declared.endpoints.get(item.operation or "") if declared else None
        if template is None or not template.startswith(item.method + " "):
            template = f"{item.method} {path_template(item.path)}"
        key = (template, item.resource, item.operation, item.platform or NO_PLATFORM)
        if key not in self._endpoints and len(self._endpoints) >= MOST_ENDPOINTS and declared is None:
            key = ("other endpoints", None, None, item.platform or NO_PLATFORM)
        cell = self._endpoints.setdefault(key, _Endpoint())
        cell.requests += 1
        cell.ok += item.status == 200
        cell.statuses[str(item.status or "no answer")] += 1

    def _count_sent(self, item: Evidence, declared: DeclaredResource, fields: _Fields) -> None:
        key = declared.create_key if item.method == "POST" else declared.update_key
        body = item.request_json
        inner = body.get(key) if isinstance(body, dict) and key else body
        if not isinstance(inner, dict):
            return
        sent = leaves(inner)
        fields.written.update(sent.keys())
        if item.method == "PATCH":
            fields.updated.update(sent.keys())
        self._sent.setdefault(item.resource or "", {}).update(sent)

    def _count_row(self, item: Evidence, row: Mapping[str, Any], fields: _Fields) -> None:
        resource = item.resource or ""
        waiting = self._sent.get(resource)
        if waiting and item.method == "GET":
            came = leaves(row)
            back = [path for path, value in waiting.items() if path in came and _same(value, came[path])]
            for path in back:
                del waiting[path]
            fields.compared.update(back)
        identity = row.get("id")
        if isinstance(identity, str):
            key = (item.platform, resource, identity)
            if key in self._rows:
                return
            self._rows.add(key)
        seen, filled = presence(row)
        fields.rows += 1
        fields.seen.update(seen)
        fields.filled.update(filled)

    def _endpoint_cells(self) -> Iterator[EndpointCell]:
        for (template, resource, operation, platform), cell in sorted(
            self._all_endpoints().items(), key=lambda pair: _place(pair[0], self._declared)
        ):
            declared = self._declared.resources.get(resource or "")
            yield EndpointCell(
                endpoint=template,
                resource=resource,
                operation=operation,
                platform=platform,
                requests=cell.requests,
                ok=cell.ok,
                statuses=dict(sorted(cell.statuses.items())),
                supported=not declared or operation not in declared.unsupported.get(platform, ()),
            )

    def _all_endpoints(self) -> dict[tuple[str, str | None, str | None, str], _Endpoint]:
        """What was counted, and the declared endpoints that nobody asked."""
        cells = dict(self._endpoints)
        platforms = {key[3] for key in cells if key[3] != NO_PLATFORM}
        for name, declared in self._declared.resources.items():
            for operation, template in declared.endpoints.items():
                if not any((template, name, operation, platform) in cells for platform in (*platforms, NO_PLATFORM)):
                    for platform in platforms:
                        cells.setdefault((template, name, operation, platform), _Endpoint())
        return cells

    def _field_cells(self) -> Iterator[ResourceFields]:
        for name, declared in self._declared.resources.items():
            counted = self._fields.get(name, _Fields())
            known = dict.fromkeys(declared.fields)
            extra = sorted(path for path in counted.seen if path not in known)[:MOST_UNDECLARED]
            cells = tuple(
                FieldCell(
                    field=one_line(path, 200),
                    declared=path in known,
                    seen=counted.seen[path],
                    filled=counted.filled[path],
                    written=counted.written[path],
                    compared=counted.compared[path],
                    updated=counted.updated[path],
                )
                for path in (*known, *extra)
            )
            yield ResourceFields(resource=name, rows=counted.rows, fields=cells)


def path_template(path: str) -> str:
    """`/versioned/accounting/bills/7f3c…` -> `/accounting/bills/{id}`."""
    parts = path.split("/")
    if len(parts) > 1 and parts[1] == "versioned":
        del parts[1]
    return "/".join("{id}" if _ID.fullmatch(part) else one_line(part, 60) for part in parts)


def presence(row: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The field paths that are present in a row, and those of them that are neither null nor empty."""
    seen: set[str] = set()
    filled: set[str] = set()
    pending: list[tuple[str, Any]] = [("", row)]
    while pending:
        prefix, value = pending.pop()
        for key, inner in value.items():
            path = _joined(prefix, key)
            if path is None:
                continue
            seen.add(path)
            if inner is None or inner == "" or (not inner and isinstance(inner, dict | list)):
                continue
            filled.add(path)
            if path == RAW_RECORD:
                continue
            if isinstance(inner, dict):
                pending.append((path + ".", inner))
            elif isinstance(inner, list):
                pending.extend((path + "[].", item) for item in inner if isinstance(item, dict))
    return seen, filled


@lru_cache(maxsize=20_000)
def _joined(prefix: str, key: str) -> str | None:
    """The path of a key; None when it recurs. The same paths come with every row."""
    path = prefix + key
    return None if recurs(path) else path


def leaves(row: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The scalar values of a row by path; a path through an array holds the values of all its items, in order."""
    found: dict[str, list[Any]] = {}
    for key, inner in row.items():
        if key != RAW_RECORD:
            _collect(key, inner, found)
    return {path: tuple(values) for path, values in found.items()}


def _collect(path: str, value: Any, found: dict[str, list[Any]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _collect(f"{path}.{key}", inner, found)
    elif isinstance(value, list):
        for inner in value:
            _collect(path + "[]", inner, found)
    else:
        found.setdefault(path, []).append(value)


def _rows(body: Any, declared: DeclaredResource) -> Iterable[Mapping[str, Any]]:
    if not isinstance(body, dict):
        return
    listed = body.get(declared.list_key) if declared.list_key else None
    single = body.get(declared.item_key) if declared.item_key else None
    for candidate in listed if isinstance(listed, list) else (listed, single):
        if isinstance(candidate, dict):
            yield candidate


def _same(sent: tuple[Any, ...], came: tuple[Any, ...]) -> bool:
    return len(sent) == len(came) and all(map(_same_value, sent, came))


def _same_value(sent: Any, came: Any) -> bool:
    if isinstance(sent, str) and isinstance(came, str) and _DAY.match(sent) and _DAY.match(came):
        return sent[:10] == came[:10]
    return bool(sent == came)


def _place(key: tuple[str, str | None, str | None, str], declared: Declared) -> tuple[int, int, str, str]:
    template, resource, operation, platform = key
    names = list(declared.resources)
    if resource not in names:
        return (len(names), 0, template, platform)
    operations = list(declared.resources[resource].endpoints)
    place = operations.index(operation) if operation in operations else len(operations)
    return (names.index(resource), place, template, platform)
