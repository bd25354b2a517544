"""From plans to requirements: per resource and platform the union of what all plans ask; the strictest wins."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contract import Contract, Parameter, Resource
from harness.contract.resource import FILTER_IGNORED
from harness.plan.case import Requirement
from harness.plan.further import further_changes
from harness.plan.inputs import changes, minimal_input, on_platform, optional_inputs, optional_on_platform
from harness.plan.model import CreateRules, Plan, ResourcePlan, UpdateRules
from harness.plan.names import OWN_PARAMETERS

Part = tuple[Plan, ResourcePlan]
READS = ("list", "get")


def merge(
    plans: Iterable[Plan],
    contract: Contract,
    *,
    platforms: Iterable[str] | None = None,
    resources: Iterable[str] | None = None,
) -> list[Requirement]:
    """One requirement per platform and resource that the contract supports there; sorted by platform as planned, then
    in the order of the plans. Raises ContractError for a platform or resource that is unknown."""
    wanted_platforms = [contract.platform(name) for name in platforms] if platforms else None
    wanted_resources = {contract.resource(name).name for name in resources} if resources else None
    parts: dict[tuple[str, str], list[Part]] = {}
    for plan in plans:
        for name, rules in plan.resources.items():
            if wanted_resources is not None and name not in wanted_resources:
                continue
            for platform in rules.platforms or plan.platforms:
                if wanted_platforms is None or platform in wanted_platforms:
                    parts.setdefault((platform, name), []).append((plan, rules))
    merged = [
        _requirement(contract, contract.resource(name), platform, found)
        for (platform, name), found in parts.items()
        if _usable(contract.resource(name), platform)
    ]
    order = list(dict.fromkeys(platform for platform, _ in parts))
    return sorted(merged, key=lambda item: order.index(item.platform))


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Something that plans ask for and the platform does not do, so that no case proves it. `operation` is None when
    the resource does not exist there at all; `source` says where that is known from (see `Support`)."""

    platform: str
    resource: str
    operation: str | None
    source: str


def unsupported(
    plans: Iterable[Plan], contract: Contract, *, platforms: Iterable[str] | None = None
) -> list[Unsupported]:
    """What plans ask for in vain, each once, in the order of the plans."""
    wanted = [contract.platform(name) for name in platforms] if platforms else None
    found: dict[Unsupported, None] = {}
    for plan in plans:
        for name, rules in plan.resources.items():
            for platform in rules.platforms or plan.platforms:
                if wanted is None or platform in wanted:
                    found |= dict.fromkeys(_in_vain(contract.resource(name), rules, platform))
    return list(found)


def _in_vain(resource: Resource, rules: ResourcePlan, platform: str) -> Iterator[Unsupported]:
    if not _usable(resource, platform):
        first = next(name for name in (*READS, "create", *resource.operations) if resource.has(name))
        yield Unsupported(platform, resource.name, None, resource.support(first).source)
        return
    for operation, asked in (("create", rules.create), ("update", rules.update), ("delete", rules.delete)):
        if asked and not resource.supports(operation, platform):
            yield Unsupported(platform, resource.name, operation, resource.support(operation).source)


def _usable(resource: Resource, platform: str) -> bool:
    return any(resource.supports(name, platform) for name in (*READS, "create"))


def _requirement(contract: Contract, resource: Resource, platform: str, parts: list[Part]) -> Requirement:
    rules = [rules for _, rules in parts]
    creates = [item.create for item in rules if item.create] if resource.supports("create", platform) else []
    updates = [item.update for item in rules if item.update] if resource.supports("update", platform) else []
    required = _union(item.fields.required for item in rules)
    changed = _changes(updates, contract, resource, platform)
    return Requirement(
        platform=platform,
        resource=resource.name,
        plans=tuple(dict.fromkeys(plan.plan for plan, _ in parts)),
        required=tuple(path for path in required if _on(resource, path, platform)),
        nullable=tuple(
            path
            for path in _union(item.fields.nullable for item in rules)
            if path not in required and _on(resource, path, platform)
        ),
        fill=_fill(rules, resource, platform),
        filter=_filters(rules, resource, platform),
        sort=_sorts(rules, resource, platform),
        params=_params(rules, resource, platform),
        minimum_rows=max(item.queries.minimum_rows for item in rules),
        create_input=_create_input(creates, contract, resource, platform) if creates else None,
        smallest_input=_smallest(creates, contract, resource, platform) if creates else None,
        optional_inputs=_optional(creates, contract, resource, platform) if creates else {},
        changes=changed or None,
        further_changes=_further(updates, contract, resource, platform, changed),
        delete=any(item.delete for item in rules) and resource.supports("delete", platform),
        dates=_dates(rules, resource, platform),
        advisory=frozenset(name for plan, item in parts for name in (*plan.advisory, *item.advisory)),
        sequences={name: steps for item in rules for name, steps in item.sequences.items()},
    )


def _union(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _on(resource: Resource, path: str, platform: str) -> bool:
    field = resource.fields.get(path)
    return field is not None and field.on(platform)


def _fill(rules: list[ResourcePlan], resource: Resource, platform: str) -> dict[str, float]:
    shares: dict[str, float] = {}
    for item in rules:
        for path, share in item.fields.fill.items():
            if _on(resource, path, platform):
                shares[path] = max(share, shares.get(path, 0.0))
    return shares


def _filters(rules: list[ResourcePlan], resource: Resource, platform: str) -> tuple[str, ...]:
    filter_ = _list_parameter(resource, "filter", platform)
    if filter_ is None or filter_.enum is not None or platform in FILTER_IGNORED:
        return ()  # the filter of reports chooses a layout, not rows
    return _chosen([item.queries.filter for item in rules], resource.filterable)


def _sorts(rules: list[ResourcePlan], resource: Resource, platform: str) -> tuple[str, ...]:
    if _list_parameter(resource, "sort", platform) is None or platform in FILTER_IGNORED:
        return ()
    return _chosen([item.queries.sort for item in rules], resource.filterable)


def _list_parameter(resource: Resource, name: str, platform: str) -> Parameter | None:
    """A parameter of the list on a platform that has the list and the parameter."""
    if not resource.supports("list", platform):
        return None
    found = resource.operations["list"].parameters.get(name)
    return found if found is not None and found.on(platform) else None


def _params(rules: list[ResourcePlan], resource: Resource, platform: str) -> tuple[str, ...]:
    known = {
        name
        for operation in READS
        if resource.supports(operation, platform)
        for name, item in resource.operations[operation].parameters.items()
        if item.location == "query" and item.on(platform) and name not in OWN_PARAMETERS
    }
    return tuple(name for name in _chosen([item.queries.params for item in rules], sorted(known)) if name in known)


def _chosen(asked: Iterable[tuple[str, ...] | None], everything: Iterable[str]) -> tuple[str, ...]:
    """The union of what was asked; everything as soon as one plan does not say."""
    groups = list(asked)
    return tuple(everything) if any(group is None for group in groups) else _union(group or () for group in groups)


def _dates(rules: list[ResourcePlan], resource: Resource, platform: str) -> tuple[str, ...]:
    named = _chosen([item.dates for item in rules], resource.date_fields)
    known = {**resource.create_fields, **resource.fields}
    return tuple(path for path in named if path in known and known[path].on(platform))


def _create_input(
    creates: Sequence[CreateRules | bool], contract: Contract, resource: Resource, platform: str
) -> dict[str, Any]:
    """The smallest create with what the plans write over it; what the platform does not have is left out."""
    body = minimal_input(contract, resource.name, platform)
    for rules in _create_rules(creates):
        for name, value in (*rules.input.items(), *rules.by_platform.get(platform, {}).items()):
            if value is None:
                body.pop(name, None)
            elif resource.create_fields[name].on(platform):
                body[name] = on_platform(value, name, resource.create_fields, platform)
    return body


def _smallest(
    creates: Sequence[CreateRules | bool], contract: Contract, resource: Resource, platform: str
) -> dict[str, Any]:
    """What the contract requires, with what plans say that this platform cannot do without."""
    fields = resource.create_fields
    body = minimal_input(contract, resource.name, platform)
    for rules in _create_rules(creates):
        body |= {name: value for name, value in rules.input.items() if name in body}
        for name, value in rules.by_platform.get(platform, {}).items():
            if value is None:
                body.pop(name, None)
            elif fields[name].on(platform):
                body[name] = value
    return {name: on_platform(value, name, fields, platform) for name, value in body.items()}


def _optional(
    creates: Sequence[CreateRules | bool], contract: Contract, resource: Resource, platform: str
) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    every = optional_inputs(contract, resource.name, platform)
    for item in creates:
        if isinstance(item, bool) or item.optional is None:
            skipped = () if isinstance(item, bool) else item.skip
            wanted |= {path: value for path, value in every.items() if path not in skipped}
        else:
            fields = resource.create_fields
            wanted |= {
                path: optional_on_platform(value, path, fields, platform)
                for path, value in item.optional.items()
                if path not in item.skip and fields[path].on(platform)
            }
    return wanted


def _changes(
    updates: Sequence[UpdateRules | bool], contract: Contract, resource: Resource, platform: str
) -> dict[str, Any]:
    fields = resource.update_fields
    wanted: dict[str, Any] = {}
    for item in updates:
        rules = UpdateRules() if isinstance(item, bool) else item
        change = changes(contract, resource.name, platform) if rules.change is None else dict(rules.change)
        change |= rules.by_platform.get(platform, {})
        for name, value in change.items():
            if value is None:
                wanted.pop(name, None)
            elif name not in rules.skip and fields[name].on(platform):
                wanted[name] = on_platform(value, name, fields, platform)
    return wanted


def _further(
    updates: Sequence[UpdateRules | bool],
    contract: Contract,
    resource: Resource,
    platform: str,
    changed: dict[str, Any],
) -> dict[str, Any]:
    """What else an update can change. `skip` of any plan leaves an input out."""
    skipped = {name for item in updates if isinstance(item, UpdateRules) for name in item.skip}
    return further_changes(contract, resource.name, platform, changed, skipped) if updates else {}


def _create_rules(creates: Iterable[CreateRules | bool]) -> Iterator[CreateRules]:
    for item in creates:
        if isinstance(item, CreateRules):
            yield item
