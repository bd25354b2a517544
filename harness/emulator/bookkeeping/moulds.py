"""What a sent value becomes in a document, and what stands there when none was sent, for one resource on one platform.

Known properties only, missing required ones empty, dates widened. What follows from the contract alone is worked out
once for each place in a schema: a create asks for hundreds of them.
"""

import uuid
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness.contract import Contract
from harness.contract.fields import resolve
from harness.emulator.bookkeeping.calendar import widen

Document = dict[str, Any]
NOBODY = str(uuid.UUID(int=0))
"""The id of what was not named where the contract demands one. INFERRED."""
LEFT_OUT = object()
"""Stands for a property that is not there unless it was sent."""


@dataclass(frozen=True, slots=True)
class Part:
    """A property. `stored`: whether the platform has it; `blank`: its value when none was sent, or LEFT_OUT; `own`:
    whether each document needs its own one, because it can be changed."""

    name: str
    path: str
    raw: Mapping[str, Any]
    stored: bool
    blank: Any
    own: bool


class Whole:
    """An object: its `parts` by name, and what it is when nothing was sent (`blank`), of which the `owned` parts are
    replaced by values of each document's own."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = {part.name: part for part in parts}
        self.blank: Document = {part.name: part.blank for part in parts if part.blank is not LEFT_OUT}
        self.owned = tuple(part for part in parts if part.own)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a schema makes of a value: of an object the `whole`, of a list its `items` (schema and path), of a text an
    `instant`, of a number a `text` where the contract has no number; anything else stays as it is."""

    whole: Whole | None = None
    items: Mapping[str, Any] | None = None
    inner: str = ""
    instant: bool = False
    text: bool = False


class Moulds:
    """The shapes of one resource on one platform, by path."""

    def __init__(self, contract: Contract, resource: str, platform: str) -> None:
        self._contract, self._platform = contract, platform
        self._resource = contract.resources[resource]
        self._shapes: dict[str, Shape] = {}
        schema = contract.schema(self._resource.schema_name or "")
        self.names = frozenset(schema.get("properties", {}))
        self._top = Whole(self._parts(schema, "", {"platform_data", *schema.get("required", ())}))

    def document(self, sent: Mapping[str, Any]) -> Document:
        """A whole document of what was sent, its required properties and `platform_data`."""
        return self._object(self._top, sent)

    def value(self, raw: Mapping[str, Any], value: Any, path: str) -> Any:
        """A sent value as the document holds it at `path`, of which `raw` is the schema."""
        if value is None:
            return value
        shape = self._shapes.get(path)
        if shape is None:
            shape = self._shapes[path] = self._shape(raw, path)
        if shape.whole is not None and isinstance(value, dict):
            return self._object(shape.whole, value)
        if shape.items is not None and isinstance(value, list):
            return [self.value(shape.items, item, shape.inner) for item in value]
        if isinstance(value, str):
            return widen(value, self._platform) if shape.instant else value
        return str(value) if shape.text and type(value) in {int, float} else value

    def _object(self, whole: Whole, sent: Mapping[str, Any]) -> Document:
        made = whole.blank.copy()
        for name, value in sent.items():
            part = whole.parts.get(name)
            if part is not None and part.stored:
                made[name] = self.value(part.raw, value, part.path)
        for part in whole.owned:
            if made[part.name] is part.blank:
                made[part.name] = _fresh(part.blank)
        return made

    def _shape(self, raw: Mapping[str, Any], path: str) -> Shape:
        schema = self._contract.plain(raw)
        parts = self._parts(schema, f"{path}.", schema.get("required", ())) if schema.get("properties") else ()
        field = self._resource.fields.get(path)
        return Shape(
            whole=Whole(parts) if parts else None,
            items=schema.get("items"),
            inner=f"{path}[]",
            instant=schema.get("format") == "date-time",
            text=field is not None and field.types == {"string"},
        )

    def _parts(self, schema: Mapping[str, Any], prefix: str, needed: Container[str]) -> tuple[Part, ...]:
        found = []
        for name, raw in schema.get("properties", {}).items():
            blank = empty(self._contract, raw) if name in needed else LEFT_OUT
            own = isinstance(blank, (dict, list))
            found.append(Part(name, prefix + name, raw, self._stored(prefix + name), blank, own))
        return tuple(found)

    def _stored(self, path: str) -> bool:
        field = self._resource.fields.get(path)
        return field is None or field.on(self._platform)


@cache
def moulds(contract: Contract, resource: str, platform: str) -> Moulds:
    """The shapes of a resource on a platform."""
    return Moulds(contract, resource, platform)


def empty(contract: Contract, raw: Mapping[str, Any]) -> Any:
    """The value of a required property that nobody sent: null where allowed, else the plainest of its type."""
    schema = contract.plain(raw)
    found = resolve(raw, contract.schemas)
    types = found.get("type", ())
    nullable = "null" in types or any(resolve(part, contract.schemas).get("type") == "null"
                                      for part in found.get("anyOf", ()))  # fmt: skip
    if nullable or None in found.get("enum", ()):
        return None
    if schema.get("format") == "uuid":
        return NOBODY
    kind = schema.get("type")
    kind = kind if isinstance(kind, str) else next(iter(kind or ["string"]))
    if "enum" in schema:
        return next((value for value in schema["enum"] if value not in {None, "unknown"}), schema["enum"][0])
    if kind == "object":
        return {name: empty(contract, schema["properties"][name]) for name in schema.get("required", ())}
    return {"array": [], "number": 0, "integer": 0, "boolean": False}.get(kind, "")


def _fresh(blank: Any) -> Any:
    """A value that a document may change."""
    if isinstance(blank, dict):
        return {name: _fresh(value) for name, value in blank.items()}
    return [] if isinstance(blank, list) else blank
