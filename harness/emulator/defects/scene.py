"""What defects are made of: looking at a request, changing the objects of an answer, changing what was asked."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.contract import Operation, Resource
from harness.emulator.defects.registry import Hear, Spoil

Row = dict[str, Any]
READS = ("list", "get")
WRITES = ("create", "update")
SHOWN = (*READS, *WRITES)


@dataclass(frozen=True, slots=True)
class Scene:
    """A request that the contract knows."""

    api: Any
    request: Any
    resource: Resource
    operation: Operation
    values: Mapping[str, str]

    @property
    def platform(self) -> str | None:
        """The platform of the connection whose token was sent."""
        token = self.request.param("access_token")
        found = [item for item in self.api.organisation.connections.values() if item["access_token"] == token]
        return found[0]["platform"] if found else None


def look(api: Any, request: Any) -> Scene | None:
    """The scene of a request; None when it is to no operation of the contract."""
    match = api.match(request.method, request.path)
    if match is None or match.resource is None or match.operation is None:
        return None
    return Scene(api, request, match.resource, match.operation, match.values)


def rows_of(body: Any, resource: Resource) -> list[Row]:
    """The objects of an answer, to be changed in place."""
    found: list[Row] = []
    for key in dict.fromkeys((resource.list_key, resource.item_key, resource.create_key)):
        value = body.get(key) if isinstance(body, dict) and key else None
        found.extend(item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict))
    return found


def answers(
    change: Callable[[Scene, Any, Any], Any],
    *,
    resource: str | None = "bills",
    operations: tuple[str, ...] = READS,
    status: int | None = 200,
    platform: str | None = None,
) -> Spoil:
    """Change the body of answers: `change(scene, body, answer)` works in place."""

    def spoil(api: Any, request: Any, answer: Any) -> None:
        scene = look(api, request)
        if scene is None or scene.operation.name not in operations:
            return
        if (resource is not None and scene.resource.name != resource) or (
            status is not None and answer.status != status
        ):
            return
        if platform is not None and scene.platform != platform:
            return
        body = json.loads(answer.content)
        change(scene, body, answer)
        answer.content = json.dumps(body, ensure_ascii=False).encode()

    return spoil


def rows(
    change: Callable[[Row], Any],
    *,
    resource: str | None = "bills",
    operations: tuple[str, ...] = SHOWN,
    every: int = 1,
    platform: str | None = None,
) -> Spoil:
    """Change objects of answers, in each list every n-th."""

    def each(scene: Scene, body: Any, _answer: Any) -> None:
        for number, row in enumerate(rows_of(body, scene.resource)):
            if number % every == 0:
                change(row)

    return answers(each, resource=resource, operations=operations, platform=platform)


def bodies(change: Callable[[Row], Any], *, resource: str = "bills", operations: tuple[str, ...] = WRITES) -> Hear:
    """Change the object that a write sends, before it is done."""

    def hear(api: Any, request: Any) -> None:
        scene = look(api, request)
        if scene is None or scene.resource.name != resource or scene.operation.name not in operations:
            return
        try:
            body = json.loads(request.body)
        except ValueError:
            return
        wrapper = scene.resource.create_key if scene.operation.name == "create" else scene.resource.update_key
        inner = body.get(wrapper) if wrapper and isinstance(body, dict) else body
        if isinstance(inner, dict):
            change(inner)
            request.body = json.dumps(body, ensure_ascii=False).encode()

    return hear


def queries(
    change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]],
    *,
    resource: str | None = "bills",
    operations: tuple[str, ...] = READS,
) -> Hear:
    """Change the query of reads."""

    def hear(api: Any, request: Any) -> None:
        scene = look(api, request)
        if scene is None or scene.operation.name not in operations:
            return
        if resource is None or scene.resource.name == resource:
            request.query = change(request.query)

    return hear


def without(*names: str) -> Callable[[list[tuple[str, str]]], list[tuple[str, str]]]:
    """A query without these parameters."""
    return lambda query: [(name, value) for name, value in query if name not in names]


def replaced(name: str, change: Callable[[str], str]) -> Callable[[list[tuple[str, str]]], list[tuple[str, str]]]:
    """A query with one parameter changed."""
    return lambda query: [(key, change(value) if key == name else value) for key, value in query]


def texts(value: Any, change: Callable[[str, str], Any], path: str = "") -> Any:
    """A JSON value with every text changed: `change(field name, text)`."""
    if isinstance(value, dict):
        return {key: texts(item, change, key) for key, item in value.items()}
    if isinstance(value, list):
        return [texts(item, change, path) for item in value]
    return change(path, value) if isinstance(value, str) else value


def lines(row: Row) -> Iterator[Row]:
    """The lines of a document."""
    yield from (line for line in row.get("line_items") or () if isinstance(line, dict))
