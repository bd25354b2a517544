"""Templates of inputs held against the contract: input paths, and the directives documented at `Template`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.contract import Contract, Field
from harness.plan.problems import Place, nearest
from harness.plan.texts import SAMPLE_TEXTS

BESIDE: Mapping[str, frozenset[str]] = {
    "$ref": frozenset({"where", "min", "prefer", "skip", "field"}),
    "$unique": frozenset({"length"}),
    "$uuid": frozenset(),
    "$date": frozenset(),
    "$text": frozenset(),
    "$together": frozenset(),
}
"""Directive -> the keys that may stand beside it."""

DAY = re.compile(r"\d{4}-\d{2}-\d{2}|today([+-]\d{1,4})?")

Told = tuple[Place, str]
Fields = Mapping[str, Field]


def inputs(values: Mapping[str, Any], place: Place, fields: Fields, contract: Contract) -> Iterator[Told]:
    """What is wrong with a body: names that are no inputs, and wrong directives in it."""
    for name, value in values.items():
        if name not in fields:
            yield (*place, name), f'unknown input "{name}"{nearest(name, _top(fields))}'
            continue
        yield from _nested(value, (*place, name), name, fields)
        yield from directives(value, (*place, name), contract)


def optional_inputs(values: Mapping[str, Any], place: Place, fields: Fields, contract: Contract) -> Iterator[Told]:
    """What is wrong with optional inputs, which are named by dotted paths and may be `$together`."""
    for path, value in values.items():
        here = (*place, path)
        if path not in fields:
            yield here, f'unknown input "{path}"{nearest(path, fields)}'
            continue
        several = value.get("$together") if isinstance(value, dict) else None
        if several is None:
            yield from _nested(value, here, path, fields)
            yield from directives(value, here, contract)
        elif not isinstance(several, dict):
            yield (*here, "$together"), "$together needs a mapping of paths to values"
        else:
            if path not in several:
                yield (*here, "$together"), f'$together of "{path}" does not set "{path}" itself'
            yield from optional_inputs(several, (*here, "$together"), fields, contract)


def directives(value: Any, place: Place, contract: Contract) -> Iterator[Told]:
    """What is wrong with the directives in a value, at any depth."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from directives(item, (*place, index), contract)
        return
    if not isinstance(value, dict):
        return
    names = [key for key in value if key.startswith("$")]
    if not names:
        for key, item in value.items():
            yield from directives(item, (*place, key), contract)
        return
    name = names[0]
    if name not in BESIDE:
        yield (*place, name), f'unknown directive "{name}"{nearest(name, BESIDE)}'
        return
    for key in value:
        if key != name and key not in BESIDE[name]:
            yield (*place, key), f'"{key}" does not go with {name}{nearest(key, BESIDE[name])}'
    yield from _argument(name, value, place, contract)


def _argument(name: str, value: Mapping[str, Any], place: Place, contract: Contract) -> Iterator[Told]:
    here, argument = (*place, name), value[name]
    match name:
        case "$ref":
            yield from _reference(value, place, contract)
        case "$together":
            yield here, "$together is only for an optional input; write the values where they belong"
        case "$unique" if not isinstance(argument, str):
            yield here, '$unique needs the text to begin with, such as {$unique: "GL-"}'
        case "$unique" if not _count(value.get("length", 20), 4):
            yield (*place, "length"), "length is a whole number from 4 on"
        case "$date" if not (isinstance(argument, str) and DAY.fullmatch(argument)):
            yield here, f'$date {argument!r} is no day; write "2024-02-29", today or today+30'
        case "$text" if argument not in SAMPLE_TEXTS:
            yield here, f'unknown sample text "{argument}"{nearest(str(argument), SAMPLE_TEXTS)}'


def _reference(value: Mapping[str, Any], place: Place, contract: Contract) -> Iterator[Told]:
    name = str(value["$ref"])
    resource = contract.resources.get(name)
    if resource is None:
        yield (*place, "$ref"), f'unknown resource "{name}"{nearest(name, contract.resources)}'
        return
    if not resource.has("list"):
        yield (*place, "$ref"), f"{name} has no list to take a row from"
    for key in ("where", "min", "prefer"):
        conditions = value.get(key, {})
        if not isinstance(conditions, dict):
            yield (*place, key), f"{key} needs a mapping of fields to values"
            continue
        for path, wanted in conditions.items():
            if path not in resource.fields and path.removesuffix("[]") not in resource.fields:
                yield (*place, key, path), f'{name} has no field "{path}"{nearest(path, resource.fields)}'
            if key == "min" and (isinstance(wanted, bool) or not isinstance(wanted, (int, float))):
                yield (*place, key, path), f"min of {path} is no number"
            yield from directives(wanted, (*place, key, path), contract)
    field = value.get("field")
    if field is not None and field not in resource.fields:
        yield (*place, "field"), f'{name} has no field "{field}"{nearest(str(field), resource.fields)}'
    if not _count(value.get("skip", 0), 0):
        yield (*place, "skip"), "skip is how many rows to pass over: 0, 1, 2..."


def _nested(value: Any, place: Place, path: str, fields: Fields) -> Iterator[Told]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nested(item, (*place, index), f"{path}[]", fields)
    elif isinstance(value, dict) and not any(key.startswith("$") for key in value):
        for key, item in value.items():
            inner = f"{path}.{key}"
            if inner in fields:
                yield from _nested(item, (*place, key), inner, fields)
                continue
            beside = [name.removeprefix(f"{path}.") for name in fields if name.rpartition(".")[0] == path]
            yield (*place, key), f'unknown input "{key}" in {path}{nearest(key, beside)}'


def _top(fields: Fields) -> list[str]:
    return [path for path in fields if "." not in path]


def _count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
