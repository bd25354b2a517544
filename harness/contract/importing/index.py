"""The index of a document: which entity an operation belongs to, which keys wrap it, what its fields are.

Where the packaged contract knows an operation (same method and path), its words are taken over, so that plans written
for one version run against another. What it does not know is derived from paths and bodies.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.contract.fields import Field, flatten, resolve
from harness.contract.importing.repairs import JSON, VARIABLE, operations

VERBS = {"get": "get", "post": "create", "patch": "update", "put": "update", "delete": "delete"}
DOMAINS = ("accounting", "ads", "banking", "hris", "configs", "connections", "supplier_enablement", "events", "jobs")
CARRIED = ("x-ref", "x-platforms", "x-platforms-excluded", "x-required-on", "x-filterable", "x-filterable-inferred",
           "x-iso4217", "x-time-unit")  # fmt: skip
SUPPORT = {"x-supported-platforms": "platforms_2023_03_14",
           "x-sandbox-supported-platforms": "sandbox_platforms_2023_03_14"}  # fmt: skip
NOT_ROWS = frozenset({"next_cursor", "connection", "response_mode", "async_response"})


def index_of(document: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The index of a repaired document. `known` is the packaged index."""
    _lift(document)
    words = {_key(item["method"], item["path"]): (entry, item) for entry in known["entities"]
             for item in entry["operations"]}  # fmt: skip
    by_name = {entry["name"]: entry for entry in known["entities"]}
    entities: dict[str, dict[str, Any]] = {}
    for path, method, raw in operations(document):
        entry, item = words.get(_key(method, path), (None, None))
        name = entry["name"] if entry else _entity(path)
        made = entities.setdefault(name, {"name": name, "domain": entry["domain"] if entry else _domain(path),
                                          "path": _root(path), "operations": []})  # fmt: skip
        made["operations"].append(_operation(path, method, raw, item, made["operations"]))
    schemas = document["components"]["schemas"]
    for entry in entities.values():
        _bodies(entry, by_name.get(entry["name"]), document, schemas)
    return {
        "contract_version": document["info"]["version"],
        "platform_support_version": known["platform_support_version"],
        "entities": list(entities.values()),
    }


def _lift(document: dict[str, Any]) -> None:
    """Give every body a name among the components."""
    schemas = document["components"]["schemas"]
    for _, _, raw in operations(document):
        for holder, suffix in ((raw.get("requestBody"), "Request"), (raw["responses"]["200"], "Response")):
            media = ((holder or {}).get("content") or {}).get(JSON)
            if media and "$ref" not in media.get("schema", {}):
                name = f"{raw['operationId']}{suffix}"
                schemas[name] = media.get("schema", {})
                media["schema"] = {"$ref": f"#/components/schemas/{name}"}


def _key(method: str, path: str) -> tuple[str, str]:
    return method.upper(), VARIABLE.sub("{}", path)


def _entity(path: str) -> str:
    """`/accounting/vendor_credits/{id}` -> vendor_credit."""
    literal = [part for part in path.split("/") if part and not part.startswith("{")]
    word = re.sub(
        r"[^a-z0-9]+", "_", (literal[1] if len(literal) > 1 and literal[0] in DOMAINS else literal[0]).lower()
    )
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word.removesuffix("s") if not word.endswith("ss") else word


def _domain(path: str) -> str:
    first = path.split("/")[1]
    return first if first in DOMAINS else "commerce"


def _root(path: str) -> str:
    return path.partition("/{")[0]


def _operation(
    path: str, method: str, raw: Mapping[str, Any], known: Mapping[str, Any] | None, others: list[dict[str, Any]]
) -> dict[str, Any]:
    taken = {item["op"] for item in others}
    name = known["op"] if known else "list" if method == "get" and not path.endswith("}") else VERBS[method]
    if name in taken:
        tail = [part for part in path.split("/") if part and not part.startswith("{")][-1]
        name = f"{VERBS[method]}_{tail}"
    while name in taken:
        name += "_other"
    made: dict[str, Any] = {"op": name, "method": method.upper(), "path": path, "operation_id": raw["operationId"]}
    for mark, key in SUPPORT.items():
        listed = raw.get(mark, (known or {}).get(key))
        if listed is not None:
            made[key] = listed
    if (known or {}).get("async"):
        made["async"] = True
    return made


BODIES = (
    ("list_response", "schema", ("list",), False),
    ("single_response", "schema", ("get", "create", "update"), False),
    ("create_request", "create_schema", ("create",), True),
    ("update_request", "update_schema", ("update",), True),
)
"""Wrapper key, the schema inside, the operations whose bodies tell, whether it is the request's."""


def _bodies(
    entry: dict[str, Any], known: Mapping[str, Any] | None, document: Mapping[str, Any], schemas: dict[str, Any]
) -> None:
    """Wrapper keys, the names of the inner schemas, and what follows from them."""
    keys: dict[str, str] = {}
    for key, kind, names, request in BODIES:
        bodies = [_body(entry, name, document, request=request) for name in names]
        word = known["wrapper_keys"].get(key) if known else None
        found = next(
            (pair for body in bodies if body and (pair := _wrapped(body, schemas, word, request=request))), None
        )
        if found is None or (known and word is None):
            continue
        keys[key] = found[0]
        if known is None or known.get(kind):
            entry.setdefault(kind, _named(f"{entry['name']}.{kind}", found[1], schemas))
    entry["wrapper_keys"] = keys
    if known:
        _bare(entry, known, document)


def _bare(entry: dict[str, Any], known: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """The schemas of an entity whose bodies have no wrapper: the bodies themselves."""
    others = [item["op"] for item in entry["operations"]]
    wanted = (
        ("schema", ("get", "create", "list", *others), False),
        ("create_schema", ("create",), True),
        ("update_schema", ("update",), True),
    )
    for kind, names, request in wanted:
        if known.get(kind) and kind not in entry:
            body = next((body for name in names if (body := _body(entry, name, document, request=request))), None)
            if body is not None and "$ref" in body:
                entry[kind] = body["$ref"].rpartition("/")[2]


def follow(entry: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Complete an entry with what follows from its fields, once all that is known of them stands there."""
    fields = {kind: flatten(schemas[entry[kind]], schemas) if kind in entry else {}
              for kind in ("schema", "create_schema", "update_schema")}  # fmt: skip
    created, shown = fields["create_schema"], fields["schema"]
    sent = {*created, *fields["update_schema"]}
    entry["required_on_create"] = [path for path, item in created.items() if item.required_chain]
    entry["required_within_optional_parent"] = [
        path for path, item in created.items() if item.required and not item.required_chain
    ]
    entry["read_only_fields"] = [path for path in shown if path not in sent]
    entry["date_fields"] = {path: item.format for path, item in shown.items() if item.format in {"date", "date-time"}}
    entry["money_fields"] = {path: "number" for path, item in shown.items() if _is_money(item)}
    entry["reference_fields"] = {path: item.ref for path, item in shown.items() if item.ref}
    entry["filterable_fields"] = {
        "documented": [path for path, item in shown.items() if item.filterable],
        "inferred": [path for path, item in shown.items() if item.filterable_inferred],
    }


def _is_money(item: Field) -> bool:
    return "number" in item.types and any(word in item.name for word in ("amount", "total", "balance", "price"))


def _body(
    entry: Mapping[str, Any], operation: str, document: Mapping[str, Any], *, request: bool
) -> Mapping[str, Any] | None:
    """The schema of a body of an operation; None when it has none."""
    found = next((item for item in entry["operations"] if item["op"] == operation), None)
    if found is None:
        return None
    raw = document["paths"][found["path"]][found["method"].lower()]
    holder = raw.get("requestBody") if request else raw["responses"]["200"]
    schema: Mapping[str, Any] | None = (((holder or {}).get("content") or {}).get(JSON) or {}).get("schema")
    return schema


def _wrapped(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], word: str | None, *, request: bool
) -> tuple[str, Any] | None:
    """(wrapper key, schema inside) of a body, under a known word or under the first that holds objects; None for a
    bare one."""
    for variant in _variants(schema, schemas):
        for name, inner in variant.get("properties", {}).items():
            if name == word:
                return name, _inside(inner, schemas, request=request)
            if word is None and name not in NOT_ROWS:
                row = _inside(inner, schemas, request=request)
                if any("properties" in part for part in _variants(row, schemas)):
                    return name, row
    return None


def _inside(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, request: bool) -> Mapping[str, Any]:
    """The rows of a list, or the object itself."""
    for variant in () if request else _variants(schema, schemas):
        if "items" in variant:
            items: Mapping[str, Any] = variant["items"]
            return items
    return schema


def _variants(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = resolve(schema, schemas)
    yield found
    for key in ("anyOf", "oneOf", "allOf"):
        for part in found.get(key, ()):
            yield from _variants(part, schemas)


def _named(name: str, schema: Mapping[str, Any], schemas: dict[str, Any]) -> str:
    """The component's name of a schema, which is made one when it is none."""
    if set(schema) == {"$ref"}:
        return str(schema["$ref"].rpartition("/")[2])
    schemas[name] = dict(schema)
    return name


def carry(made: Mapping[str, Any], schemas: dict[str, Any], known: Mapping[str, Any], own: Mapping[str, Any]) -> int:
    """Copy what the packaged contract says of a field beside its type (`CARRIED`) to the same field of the same entity;
    how many."""
    count = 0
    by_name = {entry["name"]: entry for entry in known["entities"]}
    for entry in made["entities"]:
        other = by_name.get(entry["name"], {})
        for kind in ("schema", "create_schema", "update_schema"):
            if entry.get(kind) in schemas and other.get(kind) in own:
                count += _copied(schemas[entry[kind]], own[other[kind]], schemas, own, 0)
    return count


def _copied(to: Any, source: Any, schemas: dict[str, Any], own: Mapping[str, Any], depth: int) -> int:
    if depth > 6 or not isinstance(to, dict) or not isinstance(source, Mapping):
        return 0
    count = 0
    for name, value in source.items():
        if name in CARRIED and name not in to:
            to[name] = value
            count += 1
    target, origin = _deep(to, schemas), _deep(source, own)
    for name, inner in (origin.get("properties") or {}).items():
        count += _copied((target.get("properties") or {}).get(name), inner, schemas, own, depth + 1)
    return count + (_copied(target["items"], origin["items"], schemas, own, depth + 1)
                    if "items" in target and "items" in origin else 0)  # fmt: skip


def _deep(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """The object or array itself, behind references and unions with null."""
    while "$ref" in schema:
        schema = schemas.get(schema["$ref"].rpartition("/")[2], {})
    for key in ("anyOf", "oneOf"):
        for part in schema.get(key, ()):
            found = _deep(part, schemas)
            if "properties" in found or "items" in found:
                return found
    return schema
