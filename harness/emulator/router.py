"""Which operation of the contract a request is: a tree of path segments, built once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.contract import Contract, Operation, Resource


@dataclass(frozen=True, slots=True)
class Match:
    """A found operation with the values of its path parameters. `operation` None: the path exists, not the method."""

    resource: Resource | None
    operation: Operation | None
    values: dict[str, str]
    allowed: tuple[str, ...] = ()
    """The methods of the path, where the one of the request is not among them."""


@dataclass
class _Node:
    literal: dict[str, "_Node"] = field(default_factory=dict)
    variable: "tuple[str, _Node] | None" = None
    methods: dict[str, tuple[Resource, Operation]] = field(default_factory=dict)


class Router:
    """Prefers the way with the most literal segments, and of equals the one that ends in a literal: neither `status` in
    `/connections/status` nor `custom_fields` in `/accounting/bills/custom_fields` is an id."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._root = _Node()
        self._literal: dict[str, _Node] = {}
        """The paths without a variable: no way has more literal segments than theirs."""
        for resource in contract.resources.values():
            for operation in resource.operations.values():
                self._add(resource, operation)

    def match(self, method: str, path: str) -> Match | None:
        """The operation; None when there is no such path."""
        node = self._literal.get(path)
        if node is not None:
            pair = node.methods.get(method)
            return Match(pair[0], pair[1], {}) if pair else Match(None, None, {}, tuple(sorted(node.methods)))
        segments = [part for part in path.split("/") if part]
        ways = list(self._walk(self._root, segments, {}))
        if not ways:
            return None
        _, node, values = max(ways, key=lambda way: way[0])
        pair = node.methods.get(method)
        return Match(pair[0], pair[1], values) if pair else Match(None, None, values, tuple(sorted(node.methods)))

    def generic(self, match: Match) -> Match:
        """The create with custom fields that shares its path with a create; the match itself where there is none."""
        found = self._contract.resources.get("custom_fields")
        if found is None or match.resource is None or not found.has("create"):
            return match
        return Match(found, found.operations["create"], {"entityType": match.resource.name})

    def _add(self, resource: Resource, operation: Operation) -> None:
        node = self._root
        for part in operation.path.strip("/").split("/"):
            if part.startswith("{"):
                if node.variable is None:
                    node.variable = (part[1:-1], _Node())
                node = node.variable[1]
            else:
                node = node.literal.setdefault(part, _Node())
        node.methods[operation.method] = (resource, operation)
        if "{" not in operation.path:
            self._literal[operation.path] = node

    def _walk(
        self, node: _Node, segments: list[str], values: dict[str, str], weight: tuple[int, bool] = (0, True)
    ) -> "Iterator[_Way]":
        """Every way through the tree. The weight of a way: how many segments are literal, whether the last one is."""
        if not segments:
            if node.methods:
                yield weight, node, values
            return
        head, rest = segments[0], segments[1:]
        if head in node.literal:
            yield from self._walk(node.literal[head], rest, values, (weight[0] + 1, True))
        if node.variable is not None:
            name, inner = node.variable
            yield from self._walk(inner, rest, {**values, name: head}, (weight[0], False))


_Way = tuple[tuple[int, bool], _Node, dict[str, str]]
