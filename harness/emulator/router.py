"""Which operation of the contract a request is: a tree of path segments, built once."""

from collections import defaultdict
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


@dataclass(frozen=True, slots=True)
class _Way:
    """A way through the tree: the places of its literal segments and of its variables, and where it ends. `weight`
    grows with the literal segments, and of equals is greater for the one that ends in a literal."""

    literals: tuple[tuple[int, str], ...]
    variables: tuple[tuple[int, str], ...]
    node: _Node
    weight: int


class Router:
    """Prefers the way with the most literal segments, and of equals the one that ends in a literal: neither `status` in
    `/connections/status` nor `custom_fields` in `/accounting/bills/custom_fields` is an id."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        root = _Node()
        self._literal: dict[str, _Node] = {}
        """The paths without a variable: no way has more literal segments than theirs."""
        for resource in contract.resources.values():
            for operation in resource.operations.values():
                self._add(root, resource, operation)
        self._ways: defaultdict[tuple[int, str | None, str | None], list[_Way]] = defaultdict(list)
        """By the number of segments and what the first and the second one must be; None: anything. Their literals are
        those behind the second segment."""
        for way in _ways(root, (), ()):
            fixed = dict(way.literals)
            rest = tuple((place, text) for place, text in way.literals if place > 1)
            place = len(way.literals) + len(way.variables), fixed.get(0), fixed.get(1)
            self._ways[place].append(_Way(rest, way.variables, way.node, way.weight))

    def match(self, method: str, path: str) -> Match | None:
        """The operation; None when there is no such path."""
        node = self._literal.get(path)
        if node is not None:
            pair = node.methods.get(method)
            return Match(pair[0], pair[1], {}) if pair else Match(None, None, {}, tuple(sorted(node.methods)))
        segments = path.removeprefix("/").split("/")
        if "" in segments:
            segments = [part for part in segments if part]
        way = self._best(segments)
        if way is None:
            return None
        values = {name: segments[place] for place, name in way.variables}
        pair = way.node.methods.get(method)
        return Match(pair[0], pair[1], values) if pair else Match(None, None, values, tuple(sorted(way.node.methods)))

    def _best(self, segments: list[str]) -> _Way | None:
        best: _Way | None = None
        count, ways = len(segments), self._ways.get
        first, second = (*segments, None, None)[:2]
        for key in ((count, first, second), (count, first, None), (count, None, second), (count, None, None)):
            for way in ways(key, ()):
                if best is not None and way.weight <= best.weight:
                    continue
                for place, text in way.literals:
                    if segments[place] != text:
                        break
                else:
                    best = way
        return best

    def generic(self, match: Match) -> Match:
        """The create with custom fields that shares its path with a create; the match itself where there is none."""
        found = self._contract.resources.get("custom_fields")
        if found is None or match.resource is None or not found.has("create"):
            return match
        return Match(found, found.operations["create"], {"entityType": match.resource.name})

    def _add(self, root: _Node, resource: Resource, operation: Operation) -> None:
        node = root
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


_Places = tuple[tuple[int, str], ...]


def _ways(node: _Node, literals: _Places, variables: _Places) -> Iterator[_Way]:
    """Every way from a node on, literal segments first."""
    place = len(literals) + len(variables)
    if node.methods:
        last = bool(literals) and literals[-1][0] == place - 1
        yield _Way(literals, variables, node, 2 * len(literals) + last)
    for text, inner in node.literal.items():
        yield from _ways(inner, (*literals, (place, text)), variables)
    if node.variable is not None:
        name, inner = node.variable
        yield from _ways(inner, literals, (*variables, (place, name)))
