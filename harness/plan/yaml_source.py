"""YAML to plain data with the line of every node, and without the surprises of YAML 1.1.

PyYAML's C loader composes nodes (positions kept); measured 7 times faster than pure Python. Duplicate keys, bombs of
aliases and values that change type unseen (`on`, `1.10`, `12:30:00`, bare dates) are problems that say what to write.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.errors import PlanError
from harness.plan.problems import Place, Problem, raise_all, shown

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C loader, or the pure one where PyYAML was built without."""
MOST_NODES = 100_000
DEEPEST = 40
TAG = "tag:yaml.org,2002:"
SURPRISES = {f"{TAG}timestamp": "a date", f"{TAG}binary": "binary data"}
TAGS = {*SURPRISES, *(f"{TAG}{name}" for name in ("null", "bool", "int", "float", "str", "map", "seq", "value"))}
BOOLEANS = {"true": True, "false": False}
INTEGER = re.compile(r"-?(0|[1-9]\d*)")
FLOAT = re.compile(r"-?\d+\.\d*[1-9]|-?\d+\.0|-?\d+(\.\d+)?[eE][+-]?\d+")


@dataclass
class Source:
    """A parsed file: `data` is plain, `lines` maps the place of each node to its line (1-based). `problems` are those
    of the YAML itself; the data is then what was meant as far as can be told."""

    path: str
    data: Any
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """The line of the node at `place`, or of the nearest enclosing one."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return 1

    def at(self, place: Place, message: str) -> Problem:
        """A problem at a node."""
        return Problem(self.path, self.line(place), message)


def read_yaml(path: Path, *, loader: Any = LOADER) -> Source:
    """Parse a file. PlanError when it cannot be read or is not YAML; smaller problems are in `Source.problems`."""
    name = shown(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PlanError("there is no such file", path=name) from error
    except UnicodeDecodeError as error:
        raise PlanError("is not UTF-8 text", path=name) from error
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror or error}", path=name) from error
    node = _compose(text, name, loader)
    if node is None:
        raise PlanError("is empty", path=name)
    source = Source(name, None)
    source.data = _Plain(source).value(node, (), frozenset())
    return source


def _compose(text: str, name: str, loader: Any) -> Any:
    # Nodes only: nothing is constructed, so no tag can call anything.
    try:
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        hint = _hint(text.splitlines()[mark.line]) if mark and mark.line < text.count("\n") else ""
        raise PlanError(f"is not YAML: {error.problem}{hint}", path=name, line=line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PlanError(f"is not YAML: {str(error).splitlines()[0]}", path=name) from error


def _hint(line: str) -> str:
    """What most often is wrong with a line that cannot be parsed."""
    if re.search(r"[\[{,].*\w\[\]", line):
        return '. Between brackets a path with [] needs quotes: "line_items[].id"'
    return ". Tabs cannot indent; use spaces" if line.startswith("\t") else ""


class _Plain:
    """Turns nodes into plain data and fills `Source.lines` and `Source.problems`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen = 0

    def value(self, node: Any, place: Place, above: frozenset[int]) -> Any:
        """The data of a node. Raises PlanError for what has no end: aliases in a circle, bombs of aliases."""
        line = node.start_mark.line + 1
        self._source.lines.setdefault(place, line)
        self._seen += 1
        if id(node) in above:
            self._stop(line, "an alias refers to a node that it is part of")
        if self._seen > MOST_NODES:
            self._stop(line, f"has more than {MOST_NODES:,} values. Are there aliases of aliases?")
        if len(place) > DEEPEST:
            self._stop(line, f"is nested more than {DEEPEST} levels deep")
        if node.tag not in TAGS:
            self._tell(line, f"tag {node.tag.replace(TAG, '!!')} is not understood; remove it")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line)
        inner = above | {id(node)}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index), inner) for index, item in enumerate(node.value)]
        return self._mapping(node, place, inner)

    def _mapping(self, node: Any, place: Place, above: frozenset[int]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == f"{TAG}merge":
                self._tell(line, "merge keys (<<) are not understood; repeat the keys")
                continue
            key = self._scalar(key_node, line) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                self._tell(line, f"key {_short(key_node.value)} is not a text; write it in quotes")
                key = str(key_node.value)
            if key in result:
                first = self._source.lines[*place, key]
                self._tell(line, f'key "{key}" stands twice, also in line {first}; remove one')
            self._source.lines[*place, key] = line
            result[key] = self.value(value_node, (*place, key), above)
        return result

    def _scalar(self, node: Any, line: int) -> Any:
        text, tag = str(node.value), str(node.tag)
        if node.style:  # quoted or a block; the C loader says "" for plain, the pure one None
            return text
        if tag in SURPRISES:
            self._tell(line, f'{text} would be read as {SURPRISES[tag]}; write "{text}" in quotes')
        elif tag == f"{TAG}null":
            return None
        elif tag == f"{TAG}bool":
            return self._boolean(text, line)
        elif tag == f"{TAG}int":
            if INTEGER.fullmatch(text):
                return int(text)
            self._tell(line, f'{text} would be read as another number; write "{text}" in quotes')
        elif tag == f"{TAG}float":
            return self._float(text, line)
        return text

    def _boolean(self, text: str, line: int) -> Any:
        if text.lower() in BOOLEANS:
            return BOOLEANS[text.lower()]
        self._tell(line, f'{text} would be read as true or false; write true, false, or "{text}" in quotes')
        return text

    def _float(self, text: str, line: int) -> Any:
        if FLOAT.fullmatch(text):
            return float(text)
        try:
            number = repr(float(text.replace("_", "")))
        except ValueError:
            number = "the number"
        self._tell(line, f'{text} would lose how it is written; write {number} for a number, or "{text}" for the text')
        return text

    def _tell(self, line: int, message: str) -> None:
        self._source.problems.append(Problem(self._source.path, line, message))

    def _stop(self, line: int, message: str) -> None:
        self._tell(line, message)
        raise_all(self._source.problems)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else "made of several values"
    return text if len(text) <= 60 else text[:57] + "..."
