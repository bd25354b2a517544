"""Every name in a plan held against the contract: platforms, resources, fields, parameters, checks, directives."""

from collections.abc import Iterable, Iterator
from typing import Any

from harness.contract import Contract, Resource
from harness.contract.loader import suggest
from harness.plan.expansion import AREAS
from harness.plan.model import CreateRules, Plan, ResourcePlan, UpdateRules
from harness.plan.texts import SAMPLE_TEXTS
from harness.plan.yaml_source import Place

DIRECTIVES: dict[str, frozenset[str]] = {
    "$ref": frozenset({"$ref", "where", "min", "field", "skip"}),
    "$unique": frozenset({"$unique"}),
    "$uuid": frozenset({"$uuid"}),
    "$date": frozenset({"$date"}),
    "$text": frozenset({"$text"}),
}
"""Directive -> the keys that may stand beside it."""

Problem = tuple[Place, str]


def unknown_names(plan: Plan, contract: Contract, check_ids: frozenset[str]) -> Iterator[Problem]:
    """Each name that means nothing, with its place in the file and the nearest right word."""
    yield from _platforms(plan.platforms, ("platforms",), contract)
    yield from _advisory(plan.advisory, ("advisory",), check_ids)
    for name, rules in plan.resources.items():
        place: Place = ("resources", name)
        resource = contract.resources.get(name)
        if resource is None:
            yield place, f'unknown resource "{name}"{suggest(name, contract.resources)}'
            continue
        yield from _platforms(rules.platforms or (), (*place, "platforms"), contract)
        yield from _advisory(rules.advisory, (*place, "advisory"), check_ids)
        yield from _reads(rules, place, resource)
        yield from _writes(rules, place, resource, contract)


def _reads(rules: ResourcePlan, place: Place, resource: Resource) -> Iterator[Problem]:
    for key, paths in (("required", rules.fields.required), ("nullable", rules.fields.nullable)):
        yield from _known(paths, (*place, "fields", key), "field", resource.fields)
    for path in rules.fields.fill:
        if path not in resource.fields:
            yield (*place, "fields", "fill", path), f'unknown field "{path}"{suggest(path, resource.fields)}'
    yield from _known(rules.queries.filter or (), (*place, "queries", "filter"), "filterable field", resource.filterable)
    sortable = (*resource.filterable, "updated_at", "last_synced_at", "created_at")
    yield from _known(rules.queries.sort or (), (*place, "queries", "sort"), "sortable field", sortable)
    parameters = {
        name for operation in resource.operations.values() for name, item in operation.parameters.items()
        if item.location == "query"
    }
    yield from _known(rules.queries.params or (), (*place, "queries", "params"), "query parameter", parameters)
    yield from _known(rules.dates or (), (*place, "dates"), "field", {**resource.fields, **resource.create_fields})


def _writes(rules: ResourcePlan, place: Place, resource: Resource, contract: Contract) -> Iterator[Problem]:
    for operation, wanted in (("create", rules.create), ("update", rules.update), ("delete", rules.delete)):
        if wanted and not resource.has(operation):
            yield (*place, operation), f"{resource.name} has no {operation} in the contract; it has {', '.join(resource.operations)}"
    if isinstance(rules.create, CreateRules):
        fields = resource.create_fields
        here = (*place, "create")
        yield from _template(rules.create.input, (*here, "input"), fields, contract)
        for path, value in (rules.create.optional or {}).items():
            if path not in fields:
                yield (*here, "optional", path), f'unknown input "{path}"{suggest(path, fields)}'
            yield from _directives(value, (*here, "optional", path), contract)
        yield from _known(rules.create.skip, (*here, "skip"), "input", fields)
        yield from _by_platform(rules.create.by_platform, here, fields, contract)
    if isinstance(rules.update, UpdateRules):
        fields = resource.update_fields
        here = (*place, "update")
        yield from _template(rules.update.change or {}, (*here, "change"), fields, contract)
        yield from _known(rules.update.skip, (*here, "skip"), "input", fields)
        yield from _by_platform(rules.update.by_platform, here, fields, contract)


def _by_platform(rules: dict[str, dict[str, Any]], place: Place, fields: Any, contract: Contract) -> Iterator[Problem]:
    yield from _platforms(rules, (*place, "by_platform"), contract, keyed=True)
    for platform, inputs in rules.items():
        yield from _template(inputs, (*place, "by_platform", platform), fields, contract)


def _template(inputs: dict[str, Any], place: Place, fields: Any, contract: Contract) -> Iterator[Problem]:
    for name, value in inputs.items():
        if name not in fields:
            yield (*place, name), f'unknown input "{name}"{suggest(name, fields)}'
            continue
        yield from _nested(value, (*place, name), name, fields)
        yield from _directives(value, (*place, name), contract)


def _nested(value: Any, place: Place, path: str, fields: Any) -> Iterator[Problem]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nested(item, (*place, index), f"{path}[]", fields)
    elif isinstance(value, dict) and not any(key.startswith("$") for key in value):
        for key, item in value.items():
            inner = f"{path}.{key}"
            if inner not in fields:
                yield (*place, key), f'unknown input "{inner}"{suggest(inner, fields)}'
            else:
                yield from _nested(item, (*place, key), inner, fields)


def _directives(value: Any, place: Place, contract: Contract) -> Iterator[Problem]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _directives(item, (*place, index), contract)
        return
    if not isinstance(value, dict):
        return
    names = [key for key in value if key.startswith("$")]
    for name in names:
        if name not in DIRECTIVES:
            yield (*place, name), f'unknown directive "{name}"{suggest(name, DIRECTIVES)}'
            return
        for key in value.keys() - DIRECTIVES[name]:
            yield (*place, key), f'"{key}" does not go with {name}{suggest(key, DIRECTIVES[name])}'
    if "$ref" in value:
        resource = contract.resources.get(str(value["$ref"]))
        if resource is None:
            yield (*place, "$ref"), f'unknown resource "{value["$ref"]}"{suggest(str(value["$ref"]), contract.resources)}'
            return
        for path in (*value.get("where", {}), *value.get("min", {}), *filter(None, [value.get("field")])):
            if path not in resource.fields:
                yield place, f'{resource.name} has no field "{path}"{suggest(path, resource.fields)}'
    if "$text" in value and value["$text"] not in SAMPLE_TEXTS:
        yield (*place, "$text"), f'unknown sample text "{value["$text"]}"{suggest(str(value["$text"]), SAMPLE_TEXTS)}'
    for key, item in value.items():
        yield from _directives(item, (*place, key), contract)


def _platforms(names: Iterable[str], place: Place, contract: Contract, *, keyed: bool = False) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name not in contract.platforms:
            where = (*place, name) if keyed else (*place, index)
            yield where, f'unknown platform "{name}"{suggest(name.upper(), contract.platforms)}'


def _advisory(names: Iterable[str], place: Place, check_ids: frozenset[str]) -> Iterator[Problem]:
    if not check_ids:
        return
    known = {*check_ids, *AREAS}
    for index, name in enumerate(names):
        if name not in known:
            yield (*place, index), f'unknown check or area "{name}"{suggest(name, known)}'


def _known(names: Iterable[str], place: Place, kind: str, allowed: Any) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name not in allowed:
            yield (*place, index), f'unknown {kind} "{name}"{suggest(name, allowed)}'
