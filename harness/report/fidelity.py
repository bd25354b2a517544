"""How alike two targets answer: the same cases, exchange by exchange, operation by operation.

Data differ from target to target, so values are not compared. What is compared: the status, the names of the headers
that the API defines, the shape of a body (which keys, of which types), whether a list is in the order that was asked
for, the codes of an error, and the laws: which checks found something in which case.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.core import Evidence, Strength
from harness.report.coverage import path_template
from harness.report.declared import RAW_RECORD
from harness.report.kept_record import KeptRecord
from harness.report.ledger import read_cases, read_evidence
from harness.report.run_record import Record, RunRecord

FIDELITY_FILE = "fidelity.json"
ASPECTS = ("calls", "status", "headers", "shape", "order", "errors", "laws")
HEADERS = ("content-type", "x-rutter-request-id", "x-rutter-job-id")
"""Headers that the API defines; the others are those of whatever server stands in front. Source: [D:troubleshooting],
idempotency guide."""

MOST_EXAMPLES = 3
TIME_SORTS = frozenset({"updated_at", "created_at", "last_synced_at"})

Key = tuple[str, str, str, str]
"""Case, resource, operation, path."""

Kinds = dict[str, Counter[str]]


class Aspect(Record):
    """How often both answered alike, of how often both were asked, with examples of where they did not."""

    agreed: int = 0
    compared: int = 0
    examples: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """The share, 1 when nothing could be compared."""
        return self.agreed / self.compared if self.compared else 1.0


class OperationFidelity(Record):
    """One operation of one resource over all platforms."""

    operation: str
    aspects: dict[str, Aspect]

    @property
    def score(self) -> float:
        """That of its worst aspect: a right shape does not make up for a wrong status."""
        return min((item.score for item in self.aspects.values()), default=1.0)


class FidelityRecord(KeptRecord):
    """The comparison of two runs. `a` and `b` say what they were; `floor` is the score below which evidence of the
    weaker target must not decide."""

    FILE = FIDELITY_FILE
    COMMAND = "golive fidelity"

    a: str
    b: str
    a_strength: Strength
    b_strength: Strength
    floor: float
    cases: int
    operations: tuple[OperationFidelity, ...]

    @property
    def score(self) -> float:
        """The mean over all operations, 0 when there was nothing to compare."""
        return sum(item.score for item in self.operations) / len(self.operations) if self.operations else 0.0

    @property
    def below(self) -> tuple[str, ...]:
        """Operations below the floor."""
        return tuple(item.operation for item in self.operations if item.score < self.floor)


class _Tally:
    """Counts of one operation."""

    def __init__(self) -> None:
        self._agreed: dict[str, int] = defaultdict(int)
        self._compared: dict[str, int] = defaultdict(int)
        self._examples: dict[str, list[str]] = defaultdict(list)

    def note(self, aspect: str, a: Any, b: Any, where: str) -> None:
        """One comparison."""
        self._compared[aspect] += 1
        if a == b:
            self._agreed[aspect] += 1
        elif len(self._examples[aspect]) < MOST_EXAMPLES:
            self._examples[aspect].append(f"{where}: {_short(a)} against {_short(b)}")

    def aspects(self) -> dict[str, Aspect]:
        """What was compared, in the order of `ASPECTS`."""
        return {
            name: Aspect(agreed=self._agreed[name], compared=self._compared[name], examples=tuple(self._examples[name]))
            for name in ASPECTS
            if self._compared[name]
        }


def compare_runs(a: Path, b: Path, *, floor: float) -> FidelityRecord:
    """Compare two runs of the same plans. Cases that only one of them has are left out."""
    left, right = _exchanges(a), _exchanges(b)
    shared = sorted({case for case, *_ in left} & {case for case, *_ in right})
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for key in sorted({*left, *right}):
        case, resource, operation, _ = key
        if case in shared:
            _compare(tallies[f"{resource}.{operation}"], left.get(key, []), right.get(key, []), case)
    _laws(tallies, a, b, frozenset(shared))
    records = RunRecord.load(a), RunRecord.load(b)
    return FidelityRecord(
        a=_told(records[0]),
        b=_told(records[1]),
        a_strength=records[0].strength,
        b_strength=records[1].strength,
        floor=floor,
        cases=len(shared),
        operations=tuple(
            OperationFidelity(operation=name, aspects=tally.aspects()) for name, tally in sorted(tallies.items())
        ),
    )


def _exchanges(directory: Path) -> dict[Key, list[Evidence]]:
    """Exchanges of cases by case, resource, operation and path, in the order they were made."""
    found: dict[Key, list[Evidence]] = defaultdict(list)
    for item in read_evidence(directory):
        if item.case and item.case != "cleanup" and item.resource:
            key = (item.case, item.resource, item.operation or item.method, path_template(item.path))
            found[key].append(item)
    return found


def _compare(tally: _Tally, left: list[Evidence], right: list[Evidence], case: str) -> None:
    # A list of other length takes another number of pages, and a slow job another number of looks.
    tally.note("calls", bool(left), bool(right), case)
    for a, b in zip(left, right, strict=False):
        tally.note("status", a.status, b.status, case)
        tally.note("headers", _headers(a), _headers(b), case)
        if a.status != b.status:
            continue
        if a.ok:
            for path, (kind, other) in sorted(_types(a.body, b.body).items()):
                tally.note("shape", kind, other, f"{case} {path}")
            if a.operation == "list":
                tally.note("order", _ordered(a), _ordered(b), case)
        elif isinstance(a.body, dict) and isinstance(b.body, dict):
            tally.note("errors", _codes(a.body), _codes(b.body), case)


def _laws(tallies: Mapping[str, _Tally], a: Path, b: Path, shared: frozenset[str]) -> None:
    """Which checks found something, case by case: counted at the operation that the case is named after."""
    found = [{case.id: case for case in read_cases(directory)} for directory in (a, b)]
    for id in shared & found[0].keys() & found[1].keys():
        left, right = found[0][id], found[1][id]
        checks = [tuple(sorted({item.check for item in case.findings})) for case in (left, right)]
        for name, tally in tallies.items():
            if name == f"{left.resource}.{_operation_of(left.kind)}":
                tally.note("laws", (left.outcome, checks[0]), (right.outcome, checks[1]), id)


def _operation_of(kind: str) -> str:
    """The operation that a case is about, as far as its kind says."""
    area, _, name = kind.partition(".")
    if area in {"fields", "queries"}:
        return "get" if name in {"single", "id_type"} else "list"
    if "update" in name or "patch" in name or name == "replace_lines":
        return "update"
    return "delete" if "delete" in name else "create"


def _headers(item: Evidence) -> tuple[str, ...]:
    return tuple(name for name in HEADERS if name in item.response_headers)


def _codes(body: Mapping[str, Any]) -> tuple[Any, Any]:
    return body.get("error_type"), body.get("error_code")


def _types(a: Any, b: Any) -> dict[str, tuple[str, str]]:
    """By path, what both sides have there: their types, where both have a value; that one has a key and the other has
    not, where all objects of the one have it and none of the other. Null says nothing of a type."""
    left, right = _kinds(a), _kinds(b)
    pairs: dict[str, tuple[str, str]] = {}
    for path in {*left, *right}:
        mine, other = set(left.get(path, ())) - {"null"}, set(right.get(path, ())) - {"null"}
        if mine and other:
            pairs[path] = ("/".join(sorted(mine)), "/".join(sorted(other)))
        elif _always(path, left, right) and path not in right:
            pairs[path] = ("present", "absent")
        elif _always(path, right, left) and path not in left:
            pairs[path] = ("absent", "present")
    return pairs


def _always(path: str, mine: Kinds, other: Kinds) -> bool:
    """Whether every object on one side has the key, and the other side has such objects."""
    parent = path.rpartition(".")[0]
    if path.endswith("[]"):
        return False  # an empty list is no other shape
    holders = mine.get(parent, Counter())["object"] if parent else 1
    return bool(holders) and sum(mine.get(path, Counter()).values()) == holders and (not parent or parent in other)


def _kinds(value: Any) -> Kinds:
    """By path, how often each type stands there."""
    found: Kinds = defaultdict(Counter)

    def walk(inner: Any, at: str) -> None:
        if at:
            found[at][_kind(inner)] += 1
        if isinstance(inner, dict):
            for name, item in inner.items():
                if name != RAW_RECORD:
                    walk(item, f"{at}.{name}" if at else name)
        elif isinstance(inner, list):
            for item in inner:
                walk(item, f"{at}[]")

    walk(value, "")
    return dict(found)


def _kind(value: Any) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", str: "text", list: "list", dict: "object"}
    return "null" if value is None else kinds.get(type(value), "other")


def _ordered(item: Evidence) -> bool | None:
    """Whether the rows of a list are in the order that was asked for, by time; None for other orders."""
    field, _, direction = (item.param("sort") or "updated_at DESC").partition(" ")
    if field not in TIME_SORTS:
        return None
    rows = next((value for value in item.body.values() if isinstance(value, list)), [])
    values = [row[field] for row in rows if isinstance(row, dict) and isinstance(row.get(field), str)]
    return values == sorted(values, reverse=direction == "DESC")


def _told(record: RunRecord) -> str:
    return f"{record.target} at {record.base_url or 'an unknown place'}, {record.started_at}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def weak_operations(record: FidelityRecord | None, strength: Strength, used: Iterable[str]) -> Iterator[str]:
    """Operations on which emulated evidence rests although the emulator does not answer them as the other target."""
    if (
        record is None
        or strength is not Strength.EMULATED
        or Strength.EMULATED not in {record.a_strength, record.b_strength}
    ):
        return
    below = set(record.below)
    yield from (name for name in used if name in below)
