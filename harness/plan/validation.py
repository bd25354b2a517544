"""Plain data to a model: every problem with its line, in sentences that say what is allowed."""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from harness.plan.allowed_keys import keys_at
from harness.plan.problems import Place, Problem, nearest
from harness.plan.yaml_source import Source

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Validated(Generic[M]):
    """A model and what was wrong. When there are problems the model is what is left without the wrong parts, so that
    the rest can be checked too; None when nothing is left. `wrong` are the places that were already told."""

    model: M | None
    problems: list[Problem]
    wrong: frozenset[Place]


def validated(model: type[M], source: Source, stand_ins: Mapping[str, Any]) -> Validated[M]:
    """Hold a file's data against a model. `stand_ins` are values for missing keys at the top."""
    problems = list(source.problems)
    try:
        return Validated(_parse(model, source.data), problems, frozenset())
    except ValidationError as error:
        found = list(_sentences(error, model, source.data))
    problems += [source.at(place, message) for place, message in found]
    wrong = frozenset(place for place, _ in found)
    try:
        rest = {**stand_ins, **_without(source.data, wrong)} if isinstance(source.data, dict) else None
        return Validated(_parse(model, rest), problems, wrong)
    except ValidationError:
        return Validated(None, problems, wrong)


def _parse(model: type[M], data: Any) -> M:
    # Strict from JSON: "true" is no boolean and "5" no number, while lists may fill tuples.
    return model.model_validate_json(json.dumps(data), strict=True)


def _sentences(error: ValidationError, model: type[BaseModel], data: Any) -> Iterator[tuple[Place, str]]:
    """Pydantic's findings as sentences; the alternatives of a union that failed together are said once."""
    told: set[Place] = set()
    for item in error.errors():
        place, tag = _real(item["loc"], data)
        value = _value(data, place)
        if tag is not None and isinstance(value, dict) == (tag == "bool"):
            continue
        if place in told:
            continue
        told.add(place)
        yield place, _sentence(item, place, value, tag, model)


def _sentence(item: Any, place: Place, value: Any, tag: str | None, model: type[BaseModel]) -> str:
    name = str(place[-1]) if place else "the file"
    if item["type"] == "extra_forbidden":
        return f'unknown key "{name}"{nearest(name, keys_at(model, place[:-1]))}'
    if item["type"] == "missing":
        return f'key "{item["loc"][-1]}" is missing'
    where = ".".join(str(part) for part in place) or "the file"
    if value is None:
        return f"{where} is empty; write {_emptiness(item['type'])} or remove it"
    if tag == "bool":
        return f"{where} should be true, false, or a mapping of rules, found {_short(value)}"
    if item["type"] == "string_type" and isinstance(value, (int, float)):
        return f'{where} should be a text, found {_short(value)}; write "{json.dumps(value)}" in quotes'
    if item["type"] == "value_error":
        return f"{where}: {item['ctx']['error']}"
    if item["type"] == "too_short":
        return f"{where} is empty; write at least one"
    return f"{where}: {item['msg'].replace('Input', 'it', 1)}, found {_short(value)}"


def _emptiness(kind: str) -> str:
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        return "{}"
    return "[]" if kind in {"tuple_type", "list_type"} else "a value"


def _real(location: tuple[Any, ...], data: Any) -> tuple[Place, str | None]:
    """Pydantic's location as a place in the file, and the member of a union that it speaks of, which is no key."""
    place: list[str | int] = []
    value, tag = data, None
    for index, part in enumerate(location):
        if _has(value, part):
            value = value[part]
        elif part == "bool" or (isinstance(part, str) and part.endswith("Rules")):
            tag = part
            continue
        elif index < len(location) - 1 or part == "[key]":
            continue
        place.append(part)
        tag = None
    return tuple(place), tag


def _has(value: Any, part: Any) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _value(data: Any, place: Place) -> Any:
    for part in place:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _without(data: dict[str, Any], places: Iterable[Place]) -> dict[str, Any]:
    """A copy without the values at these places; in a list an empty text stands for them: the others keep theirs."""
    left = copy.deepcopy(data)
    for place in places:
        holder = _value(left, place[:-1])
        if place and isinstance(holder, dict):
            holder.pop(place[-1], None)
        elif place and isinstance(holder, list) and isinstance(place[-1], int):
            holder[place[-1]] = ""
    return left


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
