"""What every row of a list must be: complete, typed, unique."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.checks.paths import MISSING, is_empty, places, short, values
from harness.checks.registry import Observation, Subject, check
from harness.contract import Contract, Resource, SchemaProblem
from harness.core import Severity


@dataclass(frozen=True, slots=True)
class Rows(Subject):
    """The rows of a whole list. `origin` gives the evidence id of row `i`. `paths` narrows a check to some fields;
    `share` is the wanted fill rate of those (0 to 1)."""

    contract: Contract
    described: Resource
    rows: tuple[dict[str, Any], ...]
    origins: tuple[str, ...]
    paths: tuple[str, ...] = ()
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class References(Subject):
    """The ids that a field of a list holds, and which ids the referred list has."""

    path: str
    referred: str
    used: Mapping[str, str]
    """id -> evidence id of a row that holds it."""
    known: frozenset[str]
    unresolved: frozenset[str]
    """Ids that a GET of the referred resource did not find either."""


def _grouped(subject: Rows, wanted: Iterable[str], *, null: bool | None = None) -> Iterator[Observation]:
    """One observation per field for the schema problems of the wanted keywords."""
    schema = subject.described.schema_name
    if schema is None:
        return
    keywords = frozenset(wanted)
    validator = subject.contract.validator(schema)
    found: dict[str, list[tuple[int, SchemaProblem]]] = {}
    for index, row in enumerate(subject.rows):
        for problem in validator.problems(row):
            if problem.keyword in keywords and (null is None or problem.is_null is null):
                found.setdefault(problem.path, []).append((index, problem))
    for path, problems in found.items():
        index, problem = problems[0]
        seen = next(iter(places(subject.rows[index], path)), MISSING)
        bad = [value for value in places(subject.rows[index], path) if _off(value, subject, path)]
        yield Observation(
            message=f"{path} leaves the contract in {len({i for i, _ in problems})} of {len(subject.rows)} rows",
            expected=_expected(subject, path, problem),
            seen=short(bad[0] if bad else seen),
            field=path,
            evidence=(subject.origins[index],),
        )


def _off(value: Any, subject: Rows, path: str) -> bool:
    described = subject.described.fields.get(path)
    if described is None or value is MISSING:
        return False
    return not subject.contract.validator_of(described.schema).valid(value)


def _expected(subject: Rows, path: str, problem: SchemaProblem) -> str:
    described = subject.described.fields.get(path)
    if described is None:
        return problem.message
    if problem.keyword == "required":
        return "the key is present in every row"
    kinds = " or ".join(sorted(described.types)) or "any value"
    parts = [f"{described.format} " if described.format else "", kinds, " or null" if described.nullable else ""]
    choice = f", one of {', '.join(map(str, described.enum[:8]))}" if described.enum else ""
    return "".join(parts) + choice


@check("fields.present")
def present(subject: Rows) -> Iterator[Observation]:
    """Every key that the contract requires is in every row, also where its value is null. A client that reads by key
    breaks on the first row without it. Source: [S24] required."""
    yield from _grouped(subject, {"required"})


@check("fields.type")
def types(subject: Rows) -> Iterator[Observation]:
    """Every value has a type of the contract: a number is no text, an object no array. Source: [S24] types."""
    yield from _grouped(subject, {"type", "anyOf", "oneOf", "minItems"}, null=False)


@check("fields.null")
def nulls(subject: Rows) -> Iterator[Observation]:
    """Only fields that the contract calls nullable are null. Source: [S24] nullable."""
    yield from _grouped(subject, {"type", "anyOf", "oneOf", "enum"}, null=True)


@check("fields.enum")
def enums(subject: Rows) -> Iterator[Observation]:
    """Values of closed lists are in the list, spelled as documented. New values may appear without a new version, so
    a client must survive them: a new word in the manner of the others, in fewer than half of the rows of a list, is
    told and does not vote. Source: [S24] enum, trap 34."""
    for found in _grouped(subject, {"enum", "const"}, null=False):
        new = _is_new_word(subject, found.field or "")
        yield replace(found, severity=Severity.ADVISORY) if new else found


def _is_new_word(subject: Rows, path: str) -> bool:
    """Whether the odd values at `path` are new words: spelled like the known ones, none of them spelled otherwise, and
    not what most rows hold. Codes of currencies are a closed list."""
    described = subject.described.fields.get(path)
    known = [word for word in (described.enum if described else None) or () if isinstance(word, str)]
    if described is None or described.iso4217 or not known:
        return False
    seen = [value for row in subject.rows for value in values(row, path)]
    odd = [value for value in seen if value not in known]
    spelled = {_letters(word) for word in known}
    manner = next((form for form in (_LOWER, _UPPER) if all(form.fullmatch(word) for word in known)), None)
    alike = all(isinstance(value, str) and manner is not None and manner.fullmatch(value) for value in odd)
    few = len(seen) == 1 or len(odd) * 2 < len(seen)
    return alike and few and not any(_letters(value) in spelled for value in odd)


_LOWER, _UPPER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*"), re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


def _letters(word: str) -> str:
    return "".join(sign for sign in word.casefold() if sign.isalnum())


@check("fields.format")
def formats(subject: Rows) -> Iterator[Observation]:
    """Texts with a documented form have it: date-time, uuid, email, uri. Ids that all have another form than uuid are
    told and do not vote: clients take them as they are. Source: [S24] format."""
    for found in _grouped(subject, {"format", "pattern"}):
        path = found.field or ""
        described = subject.described.fields.get(path)
        held = [value for row in subject.rows for value in values(row, path)]
        alike = all(str(id).strip() and not _UUID.fullmatch(str(id)) for id in held)
        told = described is not None and described.format == "uuid" and alike
        yield replace(found, severity=Severity.ADVISORY) if told else found


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@check("fields.required")
def required(subject: Rows) -> Iterator[Observation]:
    """The fields that the plan requires are present and not null in every row (inside arrays: in every element), and
    no empty text: a name without a letter is no name."""
    for path in subject.paths:
        missing = [
            (index, value)
            for index, row in enumerate(subject.rows)
            for value in _own(row, path)
            if value is MISSING or value is None or (isinstance(value, str) and not value.strip())
        ]
        if missing:
            index, value = missing[0]
            yield Observation(
                message=f"{path} is not filled in {len({i for i, _ in missing})} of {len(subject.rows)} rows",
                expected="present and filled in every row, as the plan requires",
                seen=short(value),
                field=path,
                evidence=(subject.origins[index],),
            )


@check("fields.nullable")
def nullable(subject: Rows) -> Iterator[Observation]:
    """The fields that the plan names are there in every row; null is fine."""
    for path in subject.paths:
        missing = [index for index, row in enumerate(subject.rows) if MISSING in list(_own(row, path))]
        if missing:
            yield Observation(
                message=f"{path} is missing in {len(missing)} of {len(subject.rows)} rows",
                expected="the key is present in every row",
                seen=short(MISSING),
                field=path,
                evidence=(subject.origins[missing[0]],),
            )


@check("fields.fill")
def fill(subject: Rows) -> Iterator[Observation]:
    """A field is filled (not null, not empty) in at least the share of rows that the plan needs."""
    for path in subject.paths:
        filled = [any(not is_empty(value) for value in places(row, path)) for row in subject.rows]
        if not filled:
            continue
        rate = sum(filled) / len(filled)
        if rate < subject.share:
            yield Observation(
                message=f"{path} is filled in {rate:.0%} of {len(filled)} rows",
                expected=f"at least {subject.share:.0%}",
                seen=f"{rate:.0%}",
                field=path,
                evidence=(subject.origins[filled.index(False)],),
            )


def _own(row: Any, path: str) -> Iterator[Any]:
    """The value at `path` per parent; MISSING when a parent outside arrays is absent."""
    found = list(places(row, path))
    if found or "[]" in path:
        yield from found
    else:
        yield MISSING


@check("fields.unique_id")
def unique_id(subject: Rows) -> Iterator[Observation]:
    """No two rows of a list share an id or a platform_id, no two lines of a document an id: an upsert by id would lose
    one. Source: [S24], INFERRED."""
    for name in ("id", "platform_id"):
        seen: dict[Any, int] = {}
        for index, row in enumerate(subject.rows):
            value = row.get(name)
            if value is None:
                continue
            if value in seen:
                yield Observation(
                    message=f"{name} {short(value)} belongs to more than one row",
                    expected=f"every {name} is unique within the list",
                    seen=short(value),
                    field=name,
                    evidence=tuple(dict.fromkeys((subject.origins[seen[value]], subject.origins[index]))),
                )
                break
            seen[value] = index
    for index, row in enumerate(subject.rows):
        lines = [str(id) for id in values(row, "line_items[].id") if str(id).strip()]
        if len(set(lines)) < len(lines):
            yield Observation("lines of one document share an id", "every id is unique within the document",
                              short(lines), "line_items[].id", (subject.origins[index],))  # fmt: skip
            break


@check("fields.distinct")
def distinct(subject: Rows) -> Iterator[Observation]:
    """Names, numbers of documents and addresses tell rows apart: five rows or more do not all have the same one.
    INFERRED from what the fields are for."""
    for name in DISTINCT:
        held = [row[name] for row in subject.rows if isinstance(row.get(name), str) and row[name].strip()]
        if len(held) >= MANY_ROWS and len(set(held)) == 1:
            yield Observation(f"all {len(held)} rows have the same {name}", "one that tells rows apart", short(held[0]),
                              name, (subject.origins[0],))  # fmt: skip


DISTINCT = ("name", "vendor_name", "customer_name", "contact_name", "term_name", "document_number", "email")
MANY_ROWS = 5


@check("fields.no_platform_data")
def no_platform_data(subject: Rows) -> Iterator[Observation]:
    """`platform_data` is only there when `expand=platform_data` asks for it: raw platform records may hold personal
    data that an integration does not want. Source: [S24] expand."""
    for index, row in enumerate(subject.rows):
        if "platform_data" in row:
            yield Observation(
                message="platform_data is in a row that nobody expanded",
                expected="no platform_data without expand=platform_data",
                seen="platform_data",
                field="platform_data",
                evidence=(subject.origins[index],),
            )
            return


@check("fields.reference")
def reference(subject: References) -> Iterator[Observation]:
    """Ids that name other objects can be read: a bill whose vendor does not exist cannot be booked. Source: [S24]
    x-ref."""
    broken = [id for id in subject.used if id not in subject.known and id in subject.unresolved]
    if broken:
        yield Observation(
            message=f"{subject.path} names {len(broken)} of {len(subject.used)} {subject.referred} that do not exist",
            expected=f"an id of {subject.referred}",
            seen=short(broken[0]),
            field=subject.path,
            evidence=(subject.used[broken[0]],),
        )


def used_ids(
    rows: Iterable[dict[str, Any]], origins: Iterable[str], path: str, entity: str | None = None
) -> dict[str, str]:
    """id -> evidence id, for every id at `path`. A link that says its `type` counts only when it is of `entity`: the
    payments of an invoice may be credit memos. Source: [S24] linked_payments."""
    found: dict[str, str] = {}
    parent, _, name = path.rpartition(".")
    for row, origin in zip(rows, origins, strict=True):
        typed = parent.startswith("linked_") and entity is not None
        held = [item for item in values(row, parent) if _is_of(item, str(entity))] if typed else [row]
        for item in held:
            for value in values(item, name if typed else path):
                for id in value if isinstance(value, list) else [value]:
                    if isinstance(id, str):
                        found.setdefault(id, origin)
    return found


def _is_of(link: Any, entity: str) -> bool:
    kind = link.get("type") if isinstance(link, Mapping) else None
    return not isinstance(kind, str) or kind.casefold() == entity.casefold()
