"""What raw files get wrong, put right; each repair is told with its place."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "post", "patch", "put", "delete")
EXPRESS = re.compile(r":([A-Za-z_][A-Za-z0-9_]*)")
VARIABLE = re.compile(r"\{([^}]+)\}")
BASE = "/versioned"
JSON = "application/json"


@dataclass
class Repairs:
    """What was repaired: (kind, place), in order."""

    made: list[tuple[str, str]] = field(default_factory=list)

    def note(self, kind: str, place: str) -> None:
        """Tell of one."""
        self.made.append((kind, place))

    def counts(self) -> Counter[str]:
        """How many of each kind."""
        return Counter(kind for kind, _ in self.made)


def repair(document: dict[str, Any]) -> Repairs:
    """Put a raw document right, in place."""
    repairs = Repairs()
    document.setdefault("components", {}).setdefault("schemas", {})
    document["components"].setdefault("parameters", {})
    _paths(document, repairs)
    _names(document, repairs)
    for place, schema in _schemas(document):
        _schema(schema, place, repairs)
    _references(document, repairs)
    if document["openapi"].startswith("3.0"):
        repairs.note("3.0 read as 3.1", document["openapi"])
        document["openapi"] = "3.1.0"
    document.setdefault("servers", [{"url": "https://production.rutterapi.com/versioned"}])
    return repairs


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation)."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield path, method, item[method]


def _paths(document: dict[str, Any], repairs: Repairs) -> None:
    renamed: dict[str, Any] = {}
    strip = all(path.startswith(f"{BASE}/") for path in document["paths"])
    for path, item in document["paths"].items():
        fixed = path.removeprefix(BASE) if strip else path
        fixed = EXPRESS.sub(r"{\1}", fixed)
        fixed = fixed if fixed.startswith("/") else f"/{fixed}"
        fixed = fixed.rstrip("/") or "/"
        if fixed != path:
            repairs.note("path", f"{path} -> {fixed}")
        shared = item.pop("parameters", [])
        for method in METHODS:
            if isinstance(item.get(method), dict):
                item[method].setdefault("parameters", []).extend(shared)
        renamed.setdefault(fixed, {}).update(item)
    document["paths"] = renamed


def _names(document: dict[str, Any], repairs: Repairs) -> None:
    taken: set[str] = set()
    for path, method, raw in operations(document):
        place = f"{method.upper()} {path}"
        wanted = VARIABLE.findall(path)
        known = [_parameter(document, item) for item in raw["parameters"]]
        declared = {item["name"] for item in known if item.get("in") == "path"}
        for name in wanted:
            if name not in declared:
                repairs.note("undeclared path parameter", f"{place}: {name}")
                known.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
        for item in known:
            if item.get("in") == "path" and not item.get("required"):
                item["required"] = True
            item.setdefault("schema", {"type": "string"})
        raw["parameters"] = [item for item in known if item.get("in") != "path" or item["name"] in wanted]
        if not raw.get("operationId"):
            words = [word for word in re.split(r"[^A-Za-z0-9]+", path) if word]
            raw["operationId"] = "_".join([*words, method])
            repairs.note("missing operationId", f"{place}: {raw['operationId']}")
        if raw["operationId"] in taken:
            repairs.note("operationId used twice", f"{place}: {raw['operationId']}")
            raw["operationId"] = f"{raw['operationId']}_{method}_{len(taken)}"
        taken.add(raw["operationId"])
        _bodies(raw, place, repairs)


def _parameter(document: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in item:
        return dict(item)
    name = item["$ref"].rpartition("/")[2]
    return dict(document["components"]["parameters"].get(name, {"name": name, "in": "query"}))


def _bodies(raw: dict[str, Any], place: str, repairs: Repairs) -> None:
    """JSON request and 200 bodies: another success status becomes 200, another media type is taken as it is."""
    responses = raw.setdefault("responses", {})
    raw["responses"] = responses = {str(status): value for status, value in responses.items()}
    if "200" not in responses:
        other = next((status for status in responses if status.startswith("2")), None)
        responses["200"] = responses.pop(other) if other else {"description": "success"}
        repairs.note("no response 200", f"{place}: {other or 'none'}")
    for holder in (raw.get("requestBody"), responses["200"]):
        content = (holder or {}).get("content")
        if content and JSON not in content:
            kind = next(iter(content))
            repairs.note("media type", f"{place}: {kind}")
            content[JSON] = content[kind]


def _schemas(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema with its place."""
    for name, schema in document["components"]["schemas"].items():
        yield from _within(schema, name)
    for path, method, raw in operations(document):
        place = f"{method.upper()} {path}"
        for item in raw["parameters"]:
            yield from _within(item.get("schema", {}), f"{place} {item['name']}")
        for holder in (raw.get("requestBody"), raw["responses"]["200"]):
            for media in ((holder or {}).get("content") or {}).values():
                yield from _within(media.get("schema", {}), place)


def _within(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(schema, dict):
        return
    yield place, schema
    for name, inner in (schema.get("properties") or {}).items():
        yield from _within(inner, f"{place}.{name}")
    for key in ("items", "additionalProperties", "not"):
        yield from _within(schema.get(key), f"{place}[]" if key == "items" else place)
    for key in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(key) or ():
            yield from _within(inner, place)


def _schema(schema: dict[str, Any], place: str, repairs: Repairs) -> None:
    nullable = schema.pop("nullable", False)
    if isinstance(schema.get("enum"), list) and "null" in schema["enum"] and len(schema["enum"]) > 1:
        schema["enum"] = [value for value in schema["enum"] if value not in {"null", None}]
        schema["x-null-literal"] = nullable = True
        repairs.note('"null" in an enum', place)
    if nullable:
        _open_to_null(schema)
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool):
            if schema.pop(exclusive) and bound in schema:
                schema[exclusive] = schema.pop(bound)
            repairs.note("boolean bound", place)
    if isinstance(schema.get("required"), bool):
        schema.pop("required")
        repairs.note("required is a boolean", place)
    for name in ("example", "examples", "description", "title"):
        schema.pop(name, None)


def _open_to_null(schema: dict[str, Any]) -> None:
    if "$ref" in schema:
        reference = schema.pop("$ref")
        schema["anyOf"] = [{"$ref": reference}, {"type": "null"}]
        return
    types = schema.get("type")
    if isinstance(types, str):
        schema["type"] = [types, "null"]
    elif isinstance(types, list) and "null" not in types:
        schema["type"] = [*types, "null"]
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    for key in ("anyOf", "oneOf"):
        if key in schema and "type" not in schema:
            schema[key] = [*schema[key], {"type": "null"}]
            return


def _references(document: dict[str, Any], repairs: Repairs) -> None:
    known = document["components"]["schemas"]
    for place, schema in list(_schemas(document)):
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in known:
            repairs.note("reference to nothing", f"{place}: {schema['$ref']}")
            known[name] = {}
