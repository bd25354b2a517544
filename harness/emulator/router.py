"""Which operation of the contract a request is: a tree of path segments, built once."""

from dataclasses import dataclass, field

from harness.contract import Contract, Operation, Resource


@dataclass(frozen=True, slots=True)
class Match:
    """A found operation with the values of its path parameters. `operation` None: the path exists, not the method."""

    resource: Resource | None
    operation: Operation | None
    values: dict[str, str]


@dataclass
class _Node:
    literal: dict[str, "_Node"] = field(default_factory=dict)
    variable: "tuple[str, _Node] | None" = None
    methods: dict[str, tuple[Resource, Operation]] = field(default_factory=dict)


class Router:
    """Matches literal segments before variable ones, so `/connections/status` is not an id."""

    def __init__(self, contract: Contract) -> None:
        self._root = _Node()
        for resource in contract.resources.values():
            for operation in resource.operations.values():
                self._add(resource, operation)

    def match(self, method: str, path: str) -> Match | None:
        """The operation; None when there is no such path."""
        segments = [part for part in path.split("/") if part]
        found = self._walk(self._root, segments, {})
        if found is None:
            return None
        node, values = found
        pair = node.methods.get(method)
        return Match(pair[0], pair[1], values) if pair else Match(None, None, values)

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

    def _walk(self, node: _Node, segments: list[str], values: dict[str, str]) -> tuple[_Node, dict[str, str]] | None:
        if not segments:
            return (node, values) if node.methods else None
        head, rest = segments[0], segments[1:]
        if head in node.literal:
            found = self._walk(node.literal[head], rest, values)
            if found is not None:
                return found
        if node.variable is None:
            return None
        name, inner = node.variable
        return self._walk(inner, rest, {**values, name: head})
