"""Every name in a plan held against the contract: platforms, resources, fields, parameters, checks, inputs."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.contract import Contract, Field, Resource
from harness.plan.directives import Told, inputs, optional_inputs
from harness.plan.expansion import AREAS
from harness.plan.model import CreateRules, Plan, ResourcePlan, UpdateRules
from harness.plan.problems import Place, nearest

PLACEHOLDER = re.compile(r"\{(\w+)\}")
OWN_PARAMETERS = frozenset({"access_token", "cursor", "limit", "filter", "sort"})
"""Query parameters that every list is proven with, or that have keys of their own in a plan."""


def unknown_names(plan: Plan, contract: Contract, check_ids: frozenset[str]) -> Iterator[Told]:
    """Each name that means nothing, with its place in the file and the nearest right word."""
    yield from _platforms(plan.platforms, ("platforms",), contract)
    yield from _advisory(plan.advisory, ("advisory",), check_ids)
    for name, rules in plan.resources.items():
        place: Place = ("resources", name)
        resource = contract.resources.get(name)
        if resource is None:
            yield place, f'unknown resource "{name}"{nearest(name, contract.resources)}'
            continue
        obstacle = _obstacle(resource)
        if obstacle is not None:
            yield place, f"{name} cannot be planned: {obstacle}"
            continue
        own = tuple(name for name in rules.platforms or plan.platforms if name in contract.platforms)
        yield from _platforms(rules.platforms or (), (*place, "platforms"), contract)
        yield from _advisory(rules.advisory, (*place, "advisory"), check_ids)
        yield from _reads(rules, place, resource, own)
        yield from _operations(rules, place, resource)
        yield from _create(rules, place, resource, contract, own)
        yield from _update(rules, place, resource, contract, own)


def _obstacle(resource: Resource) -> str | None:
    """Why cases cannot be made for a resource; None when they can."""
    for name in ("list", "get", "create"):
        needed = PLACEHOLDER.findall(resource.operations[name].path) if resource.has(name) else []
        others = [part for part in needed if part != "id" or name != "get"]
        if others:
            return f"the path of its {name} needs {', '.join(others)}, which a plan cannot say"
    if not any(resource.has(name) for name in ("list", "get", "create")):
        return "the contract has no list, get or create of it"
    return None if resource.fields else "the contract does not describe its rows"


def parameters(resource: Resource) -> dict[str, Any]:
    """The query parameters of a resource's reads that a plan may name under `params`."""
    return {
        name: item
        for operation in ("list", "get")
        if resource.has(operation)
        for name, item in resource.operations[operation].parameters.items()
        if item.location == "query" and name not in OWN_PARAMETERS
    }


def _reads(rules: ResourcePlan, place: Place, resource: Resource, platforms: tuple[str, ...]) -> Iterator[Told]:
    fields = (*place, "fields")
    for key in ("required", "nullable"):
        for index, path in enumerate(getattr(rules.fields, key)):
            yield from _field(path, (*fields, key, index), resource, platforms)
    for path in rules.fields.fill:
        yield from _field(path, (*fields, "fill", path), resource, platforms)
    for index, path in enumerate(rules.fields.required):
        if path in rules.fields.nullable:
            yield (*fields, "required", index), f'"{path}" is both required and nullable; keep one'
    queries = (*place, "queries")
    filterable = resource.filterable if resource.has("list") else ()
    yield from _known(rules.queries.filter or (), (*queries, "filter"), "filterable field", filterable)
    yield from _known(rules.queries.sort or (), (*queries, "sort"), "sortable field", filterable)
    yield from _known(rules.queries.params or (), (*queries, "params"), "query parameter", parameters(resource))
    dates = {**resource.fields, **resource.create_fields}
    for index, path in enumerate(rules.dates or ()):
        if path not in dates:
            yield (*place, "dates", index), f'unknown field "{path}"{nearest(path, resource.date_fields)}'


def _field(path: str, place: Place, resource: Resource, platforms: tuple[str, ...]) -> Iterator[Told]:
    field = resource.fields.get(path)
    if field is None:
        yield place, f'unknown field "{path}" of {resource.name}{nearest(path, resource.fields)}'
    elif platforms and not any(field.on(platform) for platform in platforms):
        where = ", ".join(sorted(field.platforms or ())) or f"others than {', '.join(sorted(field.platforms_excluded))}"
        yield place, f'field "{path}" exists on none of {", ".join(platforms)}; it is for {where}'


def _operations(rules: ResourcePlan, place: Place, resource: Resource) -> Iterator[Told]:
    for operation, wanted in (("create", rules.create), ("update", rules.update), ("delete", rules.delete)):
        if wanted and not resource.has(operation):
            has = ", ".join(resource.operations)
            yield (*place, operation), f"the contract has no {operation} of {resource.name}; it has {has}"


def _create(
    rules: ResourcePlan, place: Place, resource: Resource, contract: Contract, platforms: tuple[str, ...]
) -> Iterator[Told]:
    if not isinstance(rules.create, CreateRules) or not resource.has("create"):
        return
    fields, here = resource.create_fields, (*place, "create")
    yield from inputs(rules.create.input, (*here, "input"), fields, contract)
    yield from optional_inputs(rules.create.optional or {}, (*here, "optional"), fields, contract)
    yield from _known(rules.create.skip, (*here, "skip"), "input", fields)
    yield from _by_platform(rules.create.by_platform, here, fields, contract, platforms)


def _update(
    rules: ResourcePlan, place: Place, resource: Resource, contract: Contract, platforms: tuple[str, ...]
) -> Iterator[Told]:
    if not isinstance(rules.update, UpdateRules) or not resource.has("update"):
        return
    fields, here = resource.update_fields, (*place, "update")
    yield from inputs(rules.update.change or {}, (*here, "change"), fields, contract)
    yield from _known(rules.update.skip, (*here, "skip"), "input", fields)
    yield from _by_platform(rules.update.by_platform, here, fields, contract, platforms)


def _by_platform(
    rules: Mapping[str, dict[str, Any]],
    place: Place,
    fields: Mapping[str, Field],
    contract: Contract,
    platforms: tuple[str, ...],
) -> Iterator[Told]:
    for platform, values in rules.items():
        here = (*place, "by_platform", platform)
        if platform not in contract.platforms:
            yield here, f'unknown platform "{platform}"{nearest(platform.upper(), contract.platforms)}'
        elif platform not in platforms:
            yield here, f"the plan does not ask for {platform}; it asks for {', '.join(platforms)}"
        yield from inputs(values, here, fields, contract)


def _platforms(names: Iterable[str], place: Place, contract: Contract) -> Iterator[Told]:
    for index, name in enumerate(names):
        if name not in contract.platforms:
            yield (*place, index), f'unknown platform "{name}"{nearest(name.upper(), contract.platforms)}'


def _advisory(names: Iterable[str], place: Place, check_ids: frozenset[str]) -> Iterator[Told]:
    known = {*check_ids, *AREAS}
    for index, name in enumerate(names):
        if check_ids and name not in known:
            yield (*place, index), f'unknown check or area "{name}"{nearest(name, known)}'


def _known(names: Iterable[str], place: Place, kind: str, allowed: Iterable[str]) -> Iterator[Told]:
    right = list(allowed)
    for index, name in enumerate(names):
        if name not in right:
            yield (*place, index), f'unknown {kind} "{name}"{nearest(name, right)}'
