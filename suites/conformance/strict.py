"""A strict client: the contract's own schemas with no unknown key allowed, formats asserted, over every list, every
page and every object of every platform of the contract."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
from lab import Lab, opened

from harness.contract import Contract, Operation, Resource, load_contract

NOT_READ = frozenset({"connections", "configs"})
PLATFORMS_AT_ONCE = 12
SINGLE = 25
"""Objects that are read one by one in each list of a platform; the list itself is read whole."""


@dataclass
class Told:
    """What was read and what was wrong."""

    platforms: int = 0
    bodies: int = 0
    problems: Counter[tuple[str, str, str]] = field(default_factory=Counter)


class Strict:
    """Validators of the closed contract, compiled once each."""

    def __init__(self, contract: Contract) -> None:
        self._schemas = _closed(json.loads(json.dumps(contract.document["components"]["schemas"])))
        self._compiled: dict[str, Any] = {}

    def problems(self, schema: str, body: Any) -> list[tuple[str, str]]:
        """(path, message) of everything that a strict client would refuse."""
        if schema not in self._compiled:
            document = {"$schema": "https://json-schema.org/draft/2020-12/schema",
                        "$ref": f"#/components/schemas/{schema}", "components": {"schemas": self._schemas}}  # fmt: skip
            self._compiled[schema] = jsonschema_rs.Draft202012Validator(document, validate_formats=True)
        found = self._compiled[schema]
        if found.is_valid(body):
            return []
        return [(_path(error.instance_path), error.message[:200]) for error in found.iter_errors(body)]


def _closed(node: Any) -> Any:
    """A schema whose objects have no other properties than those they declare."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {name: _closed(item) for name, item in node.items()}
    if isinstance(node.get("properties"), dict) and "additionalProperties" not in node:
        made["additionalProperties"] = False
    return made


def _path(parts: Any) -> str:
    return ".".join("[]" if isinstance(part, int) else str(part) for part in parts)


def read_everything(platforms: tuple[str, ...] | None = None) -> Told:
    """Read all lists and objects of these platforms, of all platforms of the contract for None."""
    contract, told = load_contract(), Told()
    strict = Strict(contract)
    names = platforms or contract.platforms
    for start in range(0, len(names), PLATFORMS_AT_ONCE):
        chosen = tuple(names[start : start + PLATFORMS_AT_ONCE])
        with opened(chosen) as lab:
            for platform in chosen:
                before = told.bodies
                _platform(lab, strict, platform, told)
                told.platforms += told.bodies > before
                if told.bodies == before:
                    told.problems[platform, "", "nothing can be read"] += 1
    return told


def _platform(lab: Lab, strict: Strict, platform: str, told: Told) -> None:
    for resource in lab.contract.resources.values():
        if resource.has("list") and resource.domain not in NOT_READ and resource.supports("list", platform):
            for query in _queries(lab, resource, platform):
                ids = _list(lab, strict, resource, query, told)
                _objects(lab, strict, resource, ids[:SINGLE], platform, told)


def _queries(lab: Lab, resource: Resource, platform: str) -> list[dict[str, Any]]:
    """The queries of a list: bare and expanded, and what it demands beside the token."""
    operation = resource.operations["list"]
    base: dict[str, Any] = {"access_token": lab.token(platform)}
    if "limit" in operation.parameters:
        base["limit"] = 100
    if operation.path == "/events":
        base["type"] = "object_deleted"
    if operation.path.endswith("/dailies"):
        campaigns = lab.api("GET", "/ads/campaigns", params=base).json()["campaigns"]
        base["id"] = campaigns[0]["id"]
    expanded = [{**base, "expand": "platform_data"}] if "expand" in operation.parameters else []
    return [base, *expanded]


def _list(lab: Lab, strict: Strict, resource: Resource, query: dict[str, Any], told: Told) -> list[str]:
    ids: list[str] = []
    operation = resource.operations["list"]
    while True:
        body = _read(lab, strict, operation, operation.path, query, told)
        rows = body.get(resource.list_key) if isinstance(body, dict) and resource.list_key else None
        ids.extend(row["id"] for row in rows or () if isinstance(row, dict) and isinstance(row.get("id"), str))
        cursor = body.get("next_cursor") if isinstance(body, dict) else None
        if not cursor:
            return ids
        query = {**query, "cursor": cursor}


def _objects(lab: Lab, strict: Strict, resource: Resource, ids: list[str], platform: str, told: Told) -> None:
    operation = resource.operations.get("get")
    if operation is None or "{id}" not in operation.path or not resource.supports("get", platform):
        return
    for id in ids:
        _read(lab, strict, operation, operation.url_path(id=id), {"access_token": lab.token(platform)}, told)


def _read(lab: Lab, strict: Strict, operation: Operation, path: str, query: dict[str, Any], told: Told) -> Any:
    answer = lab.api("GET", path, params=query)
    told.bodies += 1
    if answer.status_code != 200:
        told.problems[operation.operation_id, path, f"{answer.status_code} {answer.text[:150]}"] += 1
        return None
    body = answer.json()
    for where, message in strict.problems(operation.response_schema or "", body):
        told.problems[operation.operation_id, where, message] += 1
    return body
