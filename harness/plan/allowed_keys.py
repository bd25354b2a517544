"""Which keys the models allow at a place of a file."""

from typing import Any

from pydantic import BaseModel


def keys_at(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """The keys that a mapping at `place` may have; empty when it takes any."""
    schema = model.model_json_schema()
    nodes = [schema]
    for part in place:
        nodes = [inner for node in nodes for inner in _step(_resolve(node, schema), part, schema)]
    keys: set[str] = set()
    for node in nodes:
        for variant in _variants(node, schema):
            keys.update(variant.get("properties", {}))
    return sorted(keys)


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _variants(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    node = _resolve(node, schema)
    return [node, *(inner for part in node.get("anyOf", ()) for inner in _variants(part, schema))]


def _step(node: dict[str, Any], part: str | int, schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for variant in _variants(node, schema):
        if isinstance(part, int) and "items" in variant:
            found.append(variant["items"])
        elif isinstance(part, str) and part in variant.get("properties", {}):
            found.append(variant["properties"][part])
        elif isinstance(part, str) and isinstance(variant.get("additionalProperties"), dict):
            found.append(variant["additionalProperties"])
    return found
