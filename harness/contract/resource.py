"""What the contract says of one resource: operations, wrapper keys, fields, platform support."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.contract.fields import Field

FILTER_IGNORED = frozenset({"SAGE_INTACCT", "SAGE_BUSINESS_CLOUD"})
"""Platforms where `filter` is silently ignored. Source: [H:8753216581], [S24] x-platforms-excluded."""


SUPPORT_FOLLOWS: Mapping[str, tuple[str, ...]] = {
    "update": ("create", "list"),
    "delete": ("create", "list"),
    "unapply": ("create",),
    **dict.fromkeys(("get_attachment", "list_attachments", "download_attachment"), ("create_attachment", "list")),
}
"""INFERRED: whose platforms an operation without documented ones shares, first found first."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query, path or header parameter of an operation."""

    name: str
    location: str
    required: bool
    enum: tuple[Any, ...] | None
    default: Any
    types: frozenset[str]
    deprecated: bool
    time_unit: str | None
    platforms: frozenset[str] | None
    platforms_excluded: frozenset[str]

    def on(self, platform: str) -> bool:
        """Whether the parameter works on `platform`."""
        return platform not in self.platforms_excluded and (self.platforms is None or platform in self.platforms)


@dataclass(frozen=True, slots=True)
class Support:
    """Which platforms an operation works on. `platforms` None: not restricted as far as is known. `source` is
    `2023-03-14` (documented, of that API version) or `inferred` (see `Resource.support`)."""

    platforms: frozenset[str] | None
    source: str

    def on(self, platform: str) -> bool:
        """Whether the operation is expected to work on `platform`."""
        return self.platforms is None or platform in self.platforms


@dataclass(frozen=True)
class Operation:
    """One operation: `name` is list, get, create, update, delete or a special one such as `list_attachments`."""

    name: str
    method: str
    path: str
    operation_id: str
    is_async: bool
    platforms: frozenset[str] | None
    sandbox_platforms: frozenset[str] | None
    parameters: Mapping[str, Parameter]
    request_schema: str | None
    response_schema: str | None
    carries_connection: bool = False
    """Whether the contract demands `connection` in the answer."""
    knows_connection: bool = True
    """Whether the contract has a `connection` in the answer at all."""
    needs_body: bool = False
    """Whether the contract demands a request body."""
    needs_query: tuple[str, ...] = ()
    """The query parameters that the contract demands beside the access token."""

    def url_path(self, **values: str) -> str:
        """The path with `{id}` and friends filled in."""
        return self.path.format(**values)


@dataclass(frozen=True)
class Resource:
    """One resource. `name` is what plans say (`bills`), `entity` what the contract's index says (`bill`).

    `list_key`, `item_key`, `create_key` and `update_key` are the wrapper keys of the bodies, None where the body is
    bare or the operation does not exist. `fields` are those of a returned object, `create_fields` and `update_fields`
    those of the request's inner object.
    """

    name: str
    entity: str
    domain: str
    path: str
    operations: Mapping[str, Operation]
    list_key: str | None
    item_key: str | None
    create_key: str | None
    update_key: str | None
    schema_name: str | None
    create_schema_name: str | None
    update_schema_name: str | None
    fields: Mapping[str, Field]
    create_fields: Mapping[str, Field]
    update_fields: Mapping[str, Field]
    required_on_create: tuple[str, ...]
    required_within_optional_parent: tuple[str, ...]
    read_only_fields: frozenset[str]
    date_fields: Mapping[str, str]
    money_fields: Mapping[str, str]
    reference_fields: Mapping[str, str]
    filterable_documented: tuple[str, ...]
    filterable_inferred: tuple[str, ...]
    domain_platforms: frozenset[str] | None = None
    item_types: frozenset[str] = frozenset({"object"})
    """JSON types of what stands under `item_key`: an object, or for one operation a list of one. Source: [S24]."""
    list_types: frozenset[str] = frozenset({"array"})
    """JSON types of what stands under `list_key`: an array of rows, or one object. Source: [S24] list responses."""

    def has(self, operation: str) -> bool:
        """Whether the contract has the operation at all."""
        return operation in self.operations

    def support(self, operation: str) -> Support:
        """Platform support of an operation.

        Documented lists are of version 2023-03-14. Where there is none it is INFERRED: update and delete follow
        create, what is done with attachments follows their upload, the rest follows list, an unlisted list works
        everywhere in its domain.
        """
        own = self.operations[operation].platforms
        if own is not None:
            return Support(None if "*" in own else own, "2023-03-14")
        for fallback in SUPPORT_FOLLOWS.get(operation, ("list",)):
            if fallback != operation and fallback in self.operations:
                inherited = self.operations[fallback].platforms
                if inherited is not None:
                    return Support(None if "*" in inherited else inherited, "inferred")
        return Support(self.domain_platforms, "inferred")

    def supports(self, operation: str, platform: str) -> bool:
        """Whether the resource has `operation` and it is expected to work on `platform`."""
        place = (operation, platform)
        if place not in self._known_support:
            self._known_support[place] = operation in self.operations and self.support(operation).on(platform)
        return self._known_support[place]

    @cached_property
    def _known_support(self) -> dict[tuple[str, str], bool]:
        return {}

    @property
    def filterable(self) -> tuple[str, ...]:
        """Documented filterable fields, then the inferred ones."""
        return self.filterable_documented + self.filterable_inferred

    @cached_property
    def is_paged(self) -> bool:
        """Whether the list takes a cursor."""
        return "list" in self.operations and "cursor" in self.operations["list"].parameters
