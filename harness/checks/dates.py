"""Dates: their form, their zone, and that a day stays the day it was."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.checks.echo import instant
from harness.checks.paths import MISSING, places, short
from harness.checks.registry import Observation, Subject, check

STAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
WHOLE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z")
"""Start and end of statements come without milliseconds too. Source: [S23] examples."""

RANGE = frozenset({"start_date", "end_date"})
SHOWN = frozenset({"allocated_date"})
"""Timestamps by the examples, though the contract does not say so. Source: [S23] examples."""
TIMED = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MARKS = ("created_at", "updated_at", "last_synced_at")
MIDNIGHT = frozenset({"QUICKBOOKS", "QUICKBOOKS_DESKTOP"})
"""Date-only values are midnight UTC here. Source: [S24] due_date and issue_date of bills (QUICKBOOKS); INFERRED for
QUICKBOOKS_DESKTOP."""

SKEW = timedelta(minutes=10)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST_YEARS = 30


@dataclass(frozen=True, slots=True)
class Dates(Subject):
    """The values of one date field over the whole list. `format` is `date-time` or `date`; `now` is when they were
    read; `document` says that it is the date of a document and no mark of the API."""

    path: str
    format: str | None
    document: bool
    rows: tuple[dict[str, Any], ...]
    origins: tuple[str, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class DayKept(Subject):
    """A day that was sent, and what was read. `sent` as it went over the wire. `where` says from where it was read."""

    path: str
    sent: str
    seen: Any
    where: str
    evidence: tuple[str, ...]


def _values(subject: Dates) -> Iterator[tuple[int, Any]]:
    for index, row in enumerate(subject.rows):
        for value in places(row, subject.path):
            if value is not MISSING and value is not None:
                yield index, value


def _told(subject: Dates, index: int, message: str, expected: str, seen: Any) -> Observation:
    return Observation(message, expected, short(seen), subject.path, (subject.origins[index],))


@check("dates.format")
def format_(subject: Dates) -> Iterator[Observation]:
    """A timestamp is `YYYY-MM-DDTHH:mm:ss.sssZ`, in UTC and spelled so; a date-only field is `YYYY-MM-DD` and no
    timestamp. Who sorts or compares these as texts relies on it. Source: [S23] examples (over 500, no other form but
    the start and end of statements), [S24] transaction_date of transactions. A date of which the contract does not say
    the form may be either, but for those that the examples show."""
    name = subject.path.rpartition(".")[2]
    wanted = DAY if subject.format == "date" else WHOLE if name in RANGE else STAMP
    free = subject.format is None and name not in SHOWN
    for index, value in _values(subject):
        if free and not (isinstance(value, str) and TIMED.match(value)):
            continue
        if not isinstance(value, str) or not wanted.fullmatch(value) or not _exists(value):
            expected = "YYYY-MM-DD" if subject.format == "date" else "an existing YYYY-MM-DDTHH:mm:ss.sssZ in UTC"
            yield _told(subject, index, f"{subject.path} has another form", expected, value)
            return


@check("dates.midnight_shift")
def midnight_shift(subject: Dates) -> Iterator[Observation]:
    """The dates of QuickBooks documents are midnight UTC. Anything else is a zone conversion that moves the day for
    somebody. Source: [S24] due_date of bills."""
    if subject.platform not in MIDNIGHT or not subject.document or subject.format != "date-time":
        return
    for index, value in _values(subject):
        found = instant(value) if isinstance(value, str) else None
        if found is not None and (found.hour, found.minute, found.second, found.microsecond) != (0, 0, 0, 0):
            yield _told(subject, index, f"{subject.path} is not midnight UTC", "T00:00:00.000Z", value)
            return


@check("dates.plausible")
def plausible(subject: Dates) -> Iterator[Observation]:
    """Dates lie between 1990 and 30 years from now; what the API marks itself (created_at, updated_at, last_synced_at)
    is not in the future. Milliseconds taken for seconds end in 1970 or far away."""
    mark = subject.path in MARKS
    latest = subject.now + (SKEW if mark else timedelta(days=365 * LATEST_YEARS))
    for index, value in _values(subject):
        found = instant(value if "T" in str(value) else f"{value}T00:00:00Z") if isinstance(value, str) else None
        if found is not None and not EARLIEST <= found <= latest:
            expected = "not in the future" if mark and found > latest else "1990 or later"
            yield _told(subject, index, f"{subject.path} is not plausible", expected, value)
            return


@check("dates.order")
def order(subject: Dates) -> Iterator[Observation]:
    """`created_at` is not after `updated_at`, no document is due before it was issued by more than a day, and a
    statement ends after it starts. INFERRED from the meaning of the words."""
    pairs = {"created_at": "updated_at", "issue_date": "due_date", "start_date": "end_date"}
    later = pairs.get(subject.path)
    if later is None:
        return
    for index, row in enumerate(subject.rows):
        first, second = row.get(subject.path), row.get(later)
        if isinstance(first, str) and isinstance(second, str):
            left, right = instant(first), instant(second)
            if left is None or right is None:
                continue
            if subject.path in RANGE and left >= right:
                yield Observation("a statement ends before its month is over", f"after {first}", short(second), later,
                                  (subject.origins[index],))  # fmt: skip
                return
            if left > right + timedelta(days=1):
                yield _told(subject, index, f"{subject.path} is after {later}", f"at most {second}", first)
                return


@dataclass(frozen=True, slots=True)
class Fresh(Subject):
    """An object that was made a moment ago; `now` is when its answer was read."""

    entity: Mapping[str, Any]
    now: datetime
    evidence: tuple[str, ...]


@check("dates.fresh")
def fresh(subject: Fresh) -> Iterator[Observation]:
    """What was made a moment ago says so: `created_at`, `updated_at` and `last_synced_at` are minutes apart at most and
    not in the future, or polling by them misses the object. INFERRED from the meaning of the words; null is fine."""
    found = {name: instant(str(subject.entity[name])) for name in MARKS if isinstance(subject.entity.get(name), str)}
    stamps = {name: moment for name, moment in found.items() if moment is not None}
    for name, moment in stamps.items():
        apart = [other for other in stamps.values() if abs(moment - other) > SKEW]
        if moment > subject.now + SKEW:
            told, wanted = f"{name} of a new object is in the future", f"at most {subject.now:%Y-%m-%dT%H:%M:%SZ}"
        elif apart and len(apart) * 2 >= len(stamps):
            told, wanted = f"{name} of a new object is far from its other timestamps", f"about {apart[0].isoformat()}"
        else:
            continue
        yield Observation(told, wanted, short(subject.entity[name]), name, subject.evidence)


def _exists(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@check("dates.round_trip")
def round_trip(subject: DayKept) -> Iterator[Observation]:
    """The day that is sent is the day that is read: not a day early or late, not day for month, also on leap days and
    at the end of months and years; midnight UTC stays midnight UTC. Source: [S24]; [D:rest/2023-02-07/timestamps]."""
    if not isinstance(subject.seen, str) or subject.seen[:10] != subject.sent[:10]:
        yield Observation(f"{subject.path} comes back as another day in {subject.where}", subject.sent[:10],
                          short(subject.seen), subject.path, subject.evidence)  # fmt: skip
    elif len(subject.sent) > 10 and len(subject.seen) > 10:
        sent, seen = instant(subject.sent), instant(subject.seen)
        if sent is None or seen is None or seen.date() != sent.date():
            yield Observation(f"{subject.path} comes back in another zone in {subject.where}", subject.sent,
                              subject.seen, subject.path, subject.evidence)  # fmt: skip
        elif (sent.hour, sent.minute) == (0, 0) and seen != sent:
            yield Observation(f"{subject.path} is moved from midnight in {subject.where}", subject.sent, subject.seen,
                              subject.path, subject.evidence)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SameDay(Subject):
    """The day of a ledger transaction, and the dates of the document that it is of, by field. `kind` names that."""

    day: Any
    kind: str
    document: Mapping[str, Any] | None
    evidence: tuple[str, ...]


@check("dates.same_day")
def same_day(subject: SameDay) -> Iterator[Observation]:
    """A transaction of the ledger is of the day of its document, which exists. Source: [S24] rutter_transaction_id;
    INFERRED that both are of one day."""
    if subject.document is None:
        yield Observation(f"the {subject.kind} of a transaction does not exist", "its document", "404 or 410",
                          "rutter_transaction_id", subject.evidence)  # fmt: skip
        return
    days = {str(value)[:10] for name in DOCUMENT_DAYS if isinstance(value := subject.document.get(name), str)}
    if days and str(subject.day)[:10] not in days:
        yield Observation(f"a transaction is of another day than its {subject.kind}", " or ".join(sorted(days)),
                          short(subject.day), "transaction_date", subject.evidence)  # fmt: skip


DOCUMENT_DAYS = ("issue_date", "transaction_date", "txn_date")
