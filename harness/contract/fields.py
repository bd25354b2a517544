"""A schema of the contract flattened to fields: `line_items[].item.id`, with type, nullability, enum and platforms."""

from collections.abc import ItemsView, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Schema = Mapping[str, Any]
MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object schema.

    `path` is dotted, with `[]` behind arrays. `types` are JSON Schema type names without `null`; empty means any.
    `required` is relative to the parent object; `required_chain` says that every ancestor is required too.
    `platforms` limits the field (None: all); `ref` names the entity whose id this is (`*`: any).
    """

    path: str
    types: frozenset[str]
    nullable: bool
    required: bool
    required_chain: bool
    enum: tuple[Any, ...] | None
    format: str | None
    ref: str | None
    platforms: frozenset[str] | None
    platforms_excluded: frozenset[str]
    required_on: frozenset[str]
    filterable: bool
    filterable_inferred: bool
    deprecated: bool
    minimum: float | None
    exclusive_minimum: float | None
    min_items: int | None
    max_length: int | None
    time_unit: str | None
    iso4217: bool
    schema: Schema

    @property
    def name(self) -> str:
        """The last segment, without `[]`."""
        return self.path.removesuffix("[]").rpartition(".")[2]

    @property
    def parent(self) -> str | None:
        """The path of the enclosing object, None at the top."""
        head, _, _ = self.path.rpartition(".")
        return head or None

    @property
    def is_array(self) -> bool:
        """Whether the field holds an array."""
        return "array" in self.types

    @property
    def is_object(self) -> bool:
        """Whether the field holds an object."""
        return "object" in self.types

    @property
    def is_date_time(self) -> bool:
        """Whether the field is documented as `date-time`."""
        return self.format == "date-time"

    def on(self, platform: str | None) -> bool:
        """Whether the field is documented for `platform` (always for None)."""
        if platform is None:
            return True
        if platform in self.platforms_excluded:
            return False
        return self.platforms is None or platform in self.platforms


class LazyFields(Mapping[str, Field]):
    """The fields of an object schema by path, flattened at the first look: a command that needs three resources does
    not pay for all of them."""

    def __init__(self, schema: Schema | None, schemas: Mapping[str, Schema]) -> None:
        self._schema = schema
        self._schemas = schemas

    @cached_property
    def _fields(self) -> dict[str, Field]:
        return flatten(self._schema, self._schemas) if self._schema is not None else {}

    def __getitem__(self, path: str) -> Field:
        return self._fields[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def items(self) -> ItemsView[str, Field]:
        """Those of the dictionary inside, which are walked faster than a Mapping's own."""
        return self._fields.items()


def resolve(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """Follow `$ref` until the schema itself; siblings of `$ref` (x- keys, default) win."""
    seen = 0
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**schemas[name], **siblings}
        seen += 1
        if seen > MAX_DEPTH:
            raise ValueError(f"circular reference at {name}")
    return schema


def flatten(schema: Schema, schemas: Mapping[str, Schema]) -> dict[str, Field]:
    """All fields of an object schema by path, in document order."""
    return {field.path: field for field in _walk(resolve(schema, schemas), schemas, "", True, NOWHERE_LIMITED, 0)}


@dataclass(frozen=True, slots=True)
class _Limits:
    """The platforms that a field inherits from the objects around it."""

    only: frozenset[str] | None
    excluded: frozenset[str]


NOWHERE_LIMITED = _Limits(None, frozenset())


def _walk(
    schema: Schema,
    schemas: Mapping[str, Schema],
    prefix: str,
    chain: bool,
    limits: _Limits,
    depth: int,
) -> Iterator[Field]:
    if depth > MAX_DEPTH:
        return
    for variant, variant_chain in _objects(schema, schemas):
        required = set(variant.get("required", ()))
        for name, raw in variant.get("properties", {}).items():
            path = f"{prefix}{name}"
            field = _field(path, raw, schemas, name in required, chain and variant_chain, limits)
            yield field
            if name in prefix.replace("[]", "").split("."):
                continue  # a schema that holds itself (statement lines): one level says all
            inner = _inner(raw, schemas)
            below = chain and variant_chain and field.required
            limited = _Limits(field.platforms, field.platforms_excluded)
            if field.is_array and inner is not None:
                yield from _walk(inner, schemas, f"{path}[].", below, limited, depth + 1)
            elif field.is_object and inner is not None:
                yield from _walk(inner, schemas, f"{path}.", below, limited, depth + 1)


def _objects(schema: Schema, schemas: Mapping[str, Schema]) -> Iterator[tuple[Schema, bool]]:
    """The object variants of a schema; a variant of several is not required as a whole."""
    resolved = resolve(schema, schemas)
    if "properties" in resolved:
        yield resolved, True
    for key in ("allOf", "anyOf", "oneOf"):
        for part in resolved.get(key, ()):
            for variant, _ in _objects(part, schemas):
                yield variant, key == "allOf"


def _parts(raw: Schema, schemas: Mapping[str, Schema]) -> list[Schema]:
    resolved = resolve(raw, schemas)
    found = [resolved]
    for key in ("anyOf", "oneOf", "allOf"):
        for part in resolved.get(key, ()):
            found.extend(_parts(part, schemas))
    return found


def _inner(raw: Schema, schemas: Mapping[str, Schema]) -> Schema | None:
    """The schema of an array's items or of the object itself."""
    for part in _parts(raw, schemas):
        if "items" in part:
            return resolve(part["items"], schemas)
        if "properties" in part:
            return resolve(raw, schemas)
    return None


def _field(
    path: str,
    raw: Schema,
    schemas: Mapping[str, Schema],
    required: bool,
    chain: bool,
    inherited: _Limits,
) -> Field:
    parts = _parts(raw, schemas)
    types: set[str] = set()
    enum: list[Any] = []
    merged: dict[str, Any] = {}
    for part in reversed(parts):
        merged.update(part)
        declared = part.get("type")
        types.update([declared] if isinstance(declared, str) else declared or ())
        enum.extend(value for value in part.get("enum", ()) if value not in enum)
        if "const" in part:
            enum.append(part["const"])
    item = resolve(merged["items"], schemas) if "items" in merged else {}
    own = frozenset(merged["x-platforms"]) if "x-platforms" in merged else None
    platforms = own if inherited.only is None else inherited.only if own is None else own & inherited.only
    return Field(
        path=path,
        types=frozenset(types - {"null"}),
        nullable="null" in types or None in enum,
        required=required,
        required_chain=required and chain,
        enum=tuple(value for value in enum if value is not None) or None,
        format=merged.get("format"),
        ref=merged.get("x-ref") or item.get("x-ref"),
        platforms=platforms,
        platforms_excluded=frozenset(merged.get("x-platforms-excluded", ())) | inherited.excluded,
        required_on=frozenset(merged.get("x-required-on", ())),
        filterable=bool(merged.get("x-filterable")),
        filterable_inferred=bool(merged.get("x-filterable-inferred")),
        deprecated=bool(merged.get("deprecated")),
        minimum=merged.get("minimum"),
        exclusive_minimum=merged.get("exclusiveMinimum"),
        min_items=merged.get("minItems"),
        max_length=merged.get("maxLength"),
        time_unit=merged.get("x-time-unit"),
        iso4217=bool(merged.get("x-iso4217")),
        schema=raw,
    )
