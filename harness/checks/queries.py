"""Lists held against what a client computes itself from the whole list."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from harness.checks.echo import instant
from harness.checks.errors import Failing, failing
from harness.checks.paths import exact, short
from harness.checks.registry import Observation, Subject, check
from harness.checks.wording import named, rule
from harness.core import Severity


@dataclass(frozen=True, slots=True)
class Paged(Subject):
    """A list walked page by page. `must` are the ids that have to be in it, `may` those that may."""

    pages: tuple[tuple[str, ...], ...]
    evidence: tuple[str, ...]
    limit: int
    complete: bool
    problem: str | None
    must: frozenset[str]
    may: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reread(Subject):
    """A whole list that was read twice: the rows of the first reading, and those that only the second has."""

    first: tuple[Mapping[str, Any], ...]
    more: tuple[Mapping[str, Any], ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limited(Subject):
    """One page: how many rows it has, and how many it must have. `cursor` is its next_cursor."""

    limit: int
    asked: bool
    rows: int
    total: int
    cursor: Any
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selected(Subject):
    """What a query returned against the client's own selection: all of `must`, nothing beyond `may`. `changed` are
    rows that differ from those of the plain list, as (field, plain, seen)."""

    query: str
    field: str | None
    returned: tuple[str, ...]
    must: frozenset[str]
    may: frozenset[str]
    status: int | None
    complete: bool
    problem: str | None
    changed: tuple[tuple[str, Any, Any], ...]
    evidence: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Any]] | None = None
    """Rows by id, of the whole list and of the query: a finding shows the values of the wrong ones."""


@dataclass(frozen=True, slots=True)
class Ordered(Subject):
    """The values of the sorted field in the order they came; `kind` is date, number or text."""

    query: str
    field: str
    values: tuple[Any, ...]
    descending: bool
    kind: str
    ids: tuple[str, ...]
    must: frozenset[str]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expanded(Subject):
    """Rows with and without an expansion. `shared` are ids of rows whose raw record is that of another row."""

    wanted: str
    without: tuple[str, ...]
    """Ids of rows that lack it or have it empty."""
    rows: int
    status: int | None
    changed: tuple[tuple[str, Any, Any], ...]
    evidence: tuple[str, ...]
    shared: tuple[str, ...] = ()


@check("queries.pages_end")
def pages_end(subject: Paged) -> Iterator[Observation]:
    """Following `next_cursor` ends: no cursor comes twice, no page is empty before the end. Source:
    [D:implementation-guides/syncing-rutter-data]."""
    if not subject.complete:
        yield Observation("the pages do not end as documented", "next_cursor null or absent after the last page",
                          subject.problem or "ended early", "next_cursor", subject.evidence[-2:])  # fmt: skip


@check("queries.pages_disjoint")
def pages_disjoint(subject: Paged) -> Iterator[Observation]:
    """No row is on two pages: an insert-only consumer would book it twice."""
    seen: dict[str, int] = {}
    for number, page in enumerate(subject.pages):
        for id in page:
            if seen.setdefault(id, number) != number or page.count(id) > 1:
                yield Observation("a row is on two pages", "each row once", short(id), "id",
                                  (subject.evidence[seen[id]], subject.evidence[number]))  # fmt: skip
                return


@check("queries.pages_complete")
def pages_complete(subject: Paged) -> Iterator[Observation]:
    """Small pages together hold the same rows as large ones: none lost between pages, none invented."""
    got = {id for page in subject.pages for id in page}
    lost, extra = sorted(subject.must - got), sorted(got - subject.may)
    if subject.complete and lost:
        yield Observation(f"pages of {subject.limit} lose {len(lost)} of {len(subject.must)} rows",
                          f"{len(subject.must)} rows", f"{len(got)} rows; {short(lost[0])} is missing", "id",
                          subject.evidence[-3:])  # fmt: skip
    if extra:
        yield Observation(f"pages of {subject.limit} hold {len(extra)} rows that the whole list does not",
                          "the rows of the whole list", short(extra[0]), "id", subject.evidence[-3:])  # fmt: skip


@check("queries.steady")
def steady(subject: Reread) -> Iterator[Observation]:
    """A row that a whole list shows now, and whose marks all lie well before the newest that the list showed earlier,
    was there already and was left out: a consumer that walks once never gets it. What really is new has a new
    `last_synced_at`. Source: [S24] last_synced_at, trap 13."""
    newest = max((moment for row in subject.first for moment in _marks(row)), default=None)
    for row in subject.more:
        marks = _marks(row)
        if newest is not None and len(marks) == len(MARKS) and max(marks) < newest - LATE:
            yield Observation("a whole list left out a row that an earlier or later one has", "every row, each time",
                              short(row.get("id")), "id", subject.evidence)  # fmt: skip
            return


MARKS = ("updated_at", "last_synced_at")
LATE = timedelta(minutes=15)
"""By how much a row can show later than it was marked."""


def _marks(row: Mapping[str, Any]) -> list[datetime]:
    return [moment for name in MARKS if isinstance(text := row.get(name), str) and (moment := instant(text))]


@check("queries.limit")
def limit(subject: Limited) -> Iterator[Observation]:
    """A page holds `limit` rows, 50 when none is asked, fewer only at the end. A page that is shorter than asked and
    goes on with a cursor is told and does not vote: the largest limit is UNKNOWN. Source: [S24] limit."""
    wanted = min(subject.limit, subject.total)
    name = "limit" if subject.asked else "the default limit"
    if subject.rows != wanted:
        goes_on = subject.asked and bool(subject.cursor) and 0 < subject.rows < wanted
        yield Observation(f"{name} is not kept", f"{wanted} rows", f"{subject.rows} rows", "limit", subject.evidence,
                          Severity.ADVISORY if goes_on else None)  # fmt: skip
    elif bool(subject.cursor) is (subject.total <= subject.limit):
        wanted_cursor = "null or absent" if subject.total <= subject.limit else "a cursor"
        yield Observation(f"next_cursor is wrong after {subject.rows} of {subject.total} rows", wanted_cursor,
                          short(subject.cursor), "next_cursor", subject.evidence)  # fmt: skip


def _selection(subject: Selected) -> Iterator[Observation]:
    if subject.status != 200:
        yield Observation(f"{subject.query} is refused", "200", str(subject.status), subject.field, subject.evidence)
        return
    if not subject.complete:
        yield Observation(f"{subject.query} cannot be read to its end", "pages that end", subject.problem or "no end",
                          subject.field, subject.evidence)  # fmt: skip
        return
    got = set(subject.returned)
    lost, extra = sorted(subject.must - got), sorted(got - subject.may)
    if lost:
        yield Observation(f"{subject.query} leaves out {len(lost)} of {len(subject.must)} rows that fit",
                          f"all {len(subject.must)} rows with {rule(subject.query)}",
                          f"{len(got)} rows; missing: {_named(subject, lost)}", subject.field,
                          subject.evidence)  # fmt: skip
    if extra:
        yield Observation(f"{subject.query} returns {len(extra)} rows that do not fit",
                          f"only the {len(subject.may)} rows with {rule(subject.query)}",
                          f"{len(got)} rows, also: {_named(subject, extra)}", subject.field,
                          subject.evidence)  # fmt: skip
    if len(got) != len(subject.returned):
        yield Observation(f"{subject.query} returns a row twice", "each row once", f"{len(subject.returned)} rows",
                          "id", subject.evidence)  # fmt: skip
    for path, plain, seen in subject.changed[:3]:
        told = f"{subject.query} shows {path} otherwise than the plain list"
        yield Observation(told, short(plain), short(seen), path, subject.evidence)


def _named(subject: Selected, ids: Sequence[str]) -> str:
    return named(subject.query, subject.field, ids, subject.rows)


@check("queries.filter")
def filter_(subject: Selected) -> Iterator[Observation]:
    """`filter` returns exactly the rows that fit: `=` exact and case-sensitive, `>` strictly after, `~` contains,
    joined by AND. Held against the client's own filtering of the whole list. Source: [H:8753216581]."""
    yield from _selection(subject)


@check("queries.window")
def window(subject: Selected) -> Iterator[Observation]:
    """`*_min` and `*_max` are Unix milliseconds and inclusive. Held against the client's own selection. Source:
    [S24] list parameters, trap 11."""
    yield from _selection(subject)


@check("queries.value")
def value(subject: Selected) -> Iterator[Observation]:
    """A parameter that names a field returns exactly the rows with that value. Source: [S24] list parameters."""
    yield from _selection(subject)


@check("queries.force_fetch")
def force_fetch(subject: Selected) -> Iterator[Observation]:
    """`force_fetch=true` answers the same rows once the initial sync is done. Source: [S24]."""
    yield from _selection(subject)


@check("queries.range")
def range_(subject: Selected) -> Iterator[Observation]:
    """`start_date` and `end_date` of statements are inclusive months: January to January is thirteen. Source: [S24]
    statements."""
    yield from _selection(subject)


@check("queries.sort")
def sort(subject: Ordered) -> Iterator[Observation]:
    """`sort` orders the whole list by the field in the asked direction, ascending when none is given, and loses no
    row. Source: [S24] sort."""
    yield from _order(subject)


@check("queries.default_order")
def default_order(subject: Ordered) -> Iterator[Observation]:
    """Without `sort` the newest change comes first: `updated_at DESC`. Source: [S24] sort."""
    yield from _order(subject)


def _order(subject: Ordered) -> Iterator[Observation]:
    present = [item for item in subject.values if item is not None]
    keys: Sequence[Callable[[Any], Any]] = _KEYS[subject.kind]
    word = "descending" if subject.descending else "ascending"
    if not any(_monotonic([key(item) for item in present], descending=subject.descending) for key in keys):
        turn = short(_turn(present, keys[0], subject.descending))
        told = f"{subject.query} does not order by {subject.field}"
        yield Observation(told, f"{word} values", turn, subject.field, subject.evidence)
    lost = sorted(subject.must - set(subject.ids))
    if lost:
        yield Observation(f"{subject.query} loses {len(lost)} of {len(subject.must)} rows", f"{len(subject.must)} rows",
                          f"{len(set(subject.ids))} rows without {short(lost[0])}", subject.field,
                          subject.evidence)  # fmt: skip


_KEYS: dict[str, Sequence[Callable[[Any], Any]]] = {
    "date": (lambda item: (found := instant(str(item))) is not None and found.timestamp(),),
    "number": (lambda item: exact(item) or 0,),
    "text": (
        str,
        lambda item: str(item).encode("utf-16-be"),
        lambda item: str(item).casefold(),
        lambda item: "".join(sign for sign in str(item).casefold() if sign.isalnum()),
    ),
}
"""Orders that count as sorted. Which collation the API uses for texts is UNKNOWN."""


def _monotonic(keys: list[Any], *, descending: bool) -> bool:
    pairs = pairwise(keys)
    return all(left >= right if descending else left <= right for left, right in pairs)


def _turn(values: list[Any], key: Callable[[Any], Any], descending: bool) -> list[Any]:
    """The first two neighbours that stand the wrong way round."""
    for left, right in pairwise(values):
        if (key(left) < key(right)) if descending else (key(left) > key(right)):
            return [left, right]
    return values[:2]


@check("queries.expand")
def expand(subject: Expanded) -> Iterator[Observation]:
    """`expand=platform_data` adds to each row, in lists and single objects, its own raw record, an object, and changes
    nothing else. Source: [S24] expand."""
    if subject.status != 200:
        yield Observation("an expansion is refused", "200", str(subject.status), subject.wanted, subject.evidence)
    elif subject.without:
        yield Observation(f"{len(subject.without)} of {subject.rows} expanded rows have no {subject.wanted}",
                          f"{subject.wanted} in every row", "absent, empty or no object", subject.wanted,
                          subject.evidence)  # fmt: skip
    elif subject.shared:
        yield Observation(f"{len(subject.shared)} of {subject.rows} expanded rows have the raw record of another row",
                          "a record of its own for each row", short(subject.shared[0]), subject.wanted,
                          subject.evidence)  # fmt: skip
    for path, plain, seen in subject.changed[:3]:
        yield Observation(f"{path} differs in an expanded row", short(plain), short(seen), path, subject.evidence)


@check("queries.id_type")
def id_type(subject: Expanded) -> Iterator[Observation]:
    """`id_type=platform` finds the object by the platform's own id, the same object as by its id; the default is
    `rutter`. Source: [S24] id_type."""
    if subject.status != 200:
        yield Observation("an object is not found by its platform_id", "200", str(subject.status), "platform_id",
                          subject.evidence)  # fmt: skip
    for path, plain, seen in subject.changed[:3]:
        yield Observation(f"{path} differs when the object is read by its platform_id", short(plain), short(seen), path,
                          subject.evidence)  # fmt: skip


@check("queries.id_type_default")
def id_type_default(subject: Failing) -> Iterator[Observation]:
    """Without `id_type` an id is a Rutter id: a platform_id finds nothing, or two customers' numbers could meet.
    Source: [S24] id_type defaults to rutter."""
    yield from failing(subject)
