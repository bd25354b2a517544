"""What is judged of every answer, whatever the case that asked for it was about."""

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from harness.checks.aftermath import Unmarked, unmarked_changes
from harness.checks.answers import Answer, Pair
from harness.checks.fields import Rows
from harness.checks.hygiene import HYGIENE, Exchanges, PlatformLimited, Throttled
from harness.checks.jobs import ENDED, Settled
from harness.checks.organisation import Shaped
from harness.checks.queries import Limited
from harness.client.budget import DEFAULT_RATE, parse_rate
from harness.contract import Resource
from harness.core import Evidence, Strength
from harness.drive import Drive
from harness.drive.requests import LISTING
from harness.drive.sightings import READS, UNSTEADY, Sighting, goes_back, key_of, rows_of, same
from harness.plan.case import Case
from harness.pytest_plugin.caserun import Judge

SHAPES = ("fields.present", "fields.type", "fields.null", "fields.enum", "fields.format")
SUCCESS, THROTTLED, BUSY, FAILED = 200, 429, 452, 500
LIMIT, SPAN = parse_rate(DEFAULT_RATE) or (0, 0.0)
LASTING = 3
"""5xx in a row after which an operation is broken."""
FREQUENT, ONE_IN = 5, 50
"""5xx answers of a resource to a worker, and one in how many of its requests, that are no accident any more."""
DEFAULT_LIMIT = 50
"""Rows of a page when no limit is asked. Source: [S24] limit."""
MOST_CONFIRMED = 2
"""Objects per case that are read again because they were seen in two forms."""


def judge_answers(case: Case, drive: Drive, judge: Judge, request_ids: MutableMapping[str, str]) -> None:
    """Judge the evidence of a case that has ended: what holds for every answer, and for every answer to a read. It
    does not count as judged: a case proves what it is about."""
    judged = judge.judged
    made = tuple(item for item in drive.evidence if item.of_api and not item.unsent)
    if made:
        passing = _passing(made, drive)
        judge(Exchanges.of(case.id, case.platform, case.resource, made, request_ids, passing), *HYGIENE)
        _reads(case, drive, judge, made)
        _jobs(case, drive, judge, made)
        _throttled(case, drive, judge, made)
        _busy(case, drive, judge, made)
        for item in made if drive.session.world.malformed else ():
            if item.method == "GET" and item.path.endswith(LISTING):
                subject = Shaped(case.id, case.platform, "connections", item, drive.contract, "ListConnectionsResponse")
                judge(subject, "config.schema")
    judge.judged = judged


def _throttled(case: Case, drive: Drive, judge: Judge, made: tuple[Evidence, ...]) -> None:
    """Count the 429 answers of this worker, where the run keeps to the documented limit."""
    limited = tuple(item.id for item in made if item.status == THROTTLED)
    session = drive.session
    session.throttled += len(limited)
    budget = parse_rate(session.world.rate)
    if not limited or budget is None or budget[0] * max(1.0, SPAN / budget[1]) > LIMIT:
        return
    alone = session.world.target.strength is Strength.EMULATED
    judge(
        Throttled(
            case.id,
            case.platform,
            None,
            session.throttled,
            session.asked.total(),
            session.world.rate,
            alone,
            limited[:3],
        ),
        "hygiene.rate_limit",
    )


def _busy(case: Case, drive: Drive, judge: Judge, made: tuple[Evidence, ...]) -> None:
    """Count the reads of lists and single objects that were answered 452."""
    told = [item for item in made if item.status == BUSY and item.method == "GET" and item.operation in READS]
    drive.session.platform_limited += len(told)
    if told:
        ids = tuple(item.id for item in told[:3])
        subject = PlatformLimited(case.id, case.platform, case.resource, drive.session.platform_limited, ids)
        judge(subject, "hygiene.platform_limit")


def _jobs(case: Case, drive: Drive, judge: Judge, made: tuple[Evidence, ...]) -> None:
    """Hold each look at a job against the one that showed its end."""
    ended = drive.session.ended
    for item in made:
        if item.resource != "jobs" or item.status != SUCCESS or not isinstance(item.body, dict):
            continue
        now = item.body.get("status")
        first, evidence = ended.get(item.path, (None, ""))
        if first is not None:
            judge(Settled(case.id, case.platform, case.resource, first, now, (evidence, item.id)), "jobs.settled")
        elif now in ENDED:
            ended[item.path] = (str(now), item.id)


def _passing(made: Iterable[Evidence], drive: Drive) -> frozenset[str]:
    """The 5xx answers that are not the last of `LASTING` in a row for their operation; `failures` counts the rows of
    this worker. A read that was repeated in vain is such a row of its own. None pass of a resource where they are
    frequent."""
    session, failures = drive.session, drive.session.failures
    passing: dict[str, tuple[str | None, str | None]] = {}
    for item in made:
        place = (item.platform, item.resource, item.operation, item.method)
        session.asked[place[:2]] += 1
        if not item.broken_off and (item.status is None or item.status < FAILED):
            failures[place] = 0
            continue
        session.failed[place[:2]] += 1
        failures[place] = failures.get(place, 0) + 1
        if failures[place] < LASTING:
            passing[item.id] = place[:2]
    frequent = {where for where, count in session.failed.items() if count >= FREQUENT
                and count * ONE_IN >= session.asked[where]}  # fmt: skip
    return frozenset(id for id, where in passing.items() if where not in frequent)


def _reads(case: Case, drive: Drive, judge: Judge, made: tuple[Evidence, ...]) -> None:
    book = drive.session.sightings
    reads = [(item, resource) for item in made if (resource := book.read_of(item)) is not None]
    quiet = all(item.method == "GET" for item in made)
    doubtful: list[tuple[Sighting, Resource]] = []
    for item, resource in reads:
        answers = _answer(case, drive, item, resource)
        if judge(answers, "fields.envelope", "fields.connection"):
            continue
        rows = rows_of(item, resource)
        _bounds(case, judge, item, resource, len(rows))
        if any("platform_data" in row for row in rows) and not item.param("expand"):
            judge(_rows(case, drive, item, resource, rows), "fields.no_platform_data")
        news = list(book.news(item, resource))
        doubtful += [(seen, resource) for seen in news if seen.known is not None]
        if item.id not in drive.session.whole:
            _shapes(case, drive, judge, item, resource, news)
    if doubtful:
        unmarked = [pair for pair in doubtful if _is_unmarked(drive, *pair)]
        others = [pair for pair in doubtful if pair not in unmarked] if quiet else []
        for seen, resource in (*unmarked, *others)[:MOST_CONFIRMED]:
            _confirm(case, drive, judge, seen, resource)


def _answer(case: Case, drive: Drive, item: Evidence, resource: Resource) -> Answer:
    types = resource.list_types if item.operation == "list" else resource.item_types
    return Answer(
        case.id, item.platform, resource.name, (item,), key_of(item, resource) or "", item.connection_id, types,
        drive.session.sightings.organisation(item), resource.operations[item.operation or "list"].knows_connection,
    )  # fmt: skip


def _shapes(
    case: Case, drive: Drive, judge: Judge, item: Evidence, resource: Resource, news: Iterable[Sighting]
) -> None:
    """The form of the objects that nobody has judged: those of whole lists have cases of their own."""
    if news:
        judge(_rows(case, drive, item, resource, [seen.row for seen in news]), *SHAPES)


def _rows(case: Case, drive: Drive, item: Evidence, resource: Resource, rows: Iterable[Mapping[str, Any]]) -> Rows:
    kept = tuple(dict(row) for row in rows)
    return Rows(case.id, item.platform, resource.name, drive.contract, resource, kept, (item.id,) * len(kept))


def _bounds(case: Case, judge: Judge, item: Evidence, resource: Resource, rows: int) -> None:
    """No page of a list, whatever else was asked with it, has more rows than its limit."""
    if item.operation != "list" or not resource.is_paged:
        return
    asked = item.param("limit")
    limit = int(asked) if asked and asked.isdecimal() and int(asked) else DEFAULT_LIMIT
    if rows > limit:
        subject = Limited(case.id, item.platform, resource.name, limit, asked is not None, rows, rows, None, (item.id,))
        judge(subject, "queries.limit")


def _is_unmarked(drive: Drive, seen: Sighting, resource: Resource) -> bool:
    """Whether an object that this worker did not make changed without a mark, in what only a write to it sets."""
    known = seen.known
    own = seen.row.get("id") in drive.session.made
    return not (own or seen.back or known is None) and bool(unmarked_changes(resource, known, seen.row))


def _confirm(case: Case, drive: Drive, judge: Judge, seen: Sighting, resource: Resource) -> None:
    """Read an object in both ways again: only what shows the first form here and the second there is inconsistent;
    what shows the second form in both was a change, which has to be marked."""
    if seen.known is None or seen.before is None or seen.evidence.platform != drive.platform:
        return
    first, second = drive.again(seen.before), drive.again(seen.evidence)
    forms = [next((row for row in rows_of(item, resource) if row.get("id") == seen.row["id"]), None)
             for item in (first, second)]  # fmt: skip
    left, right = forms
    if left is None or right is None:
        return
    names = (_name(first), _name(second))
    lasting = same(left, seen.known) and same(right, seen.row)
    if lasting and (not seen.back or goes_back(left, right)):
        ignored = frozenset({"platform_data"} if seen.back else UNSTEADY)
        subject = Pair(case.id, seen.evidence.platform, resource.name, left, right, *names, (first.id, second.id),
                       ignored)  # fmt: skip
        judge(subject, "fields.same_everywhere")
    elif same(left, seen.row) and same(right, seen.row) and _is_unmarked(drive, seen, resource):
        change = Unmarked(case.id, seen.evidence.platform, resource.name, resource, seen.row["id"], seen.known, right,
                          (seen.before.id, seen.evidence.id, second.id))  # fmt: skip
        judge(change, "roundtrip.unmarked_change")


def _name(item: Evidence) -> str:
    asked = "&".join(f"{name}={value}" for name, value in item.query if name not in {"access_token", "cursor"})
    return f"GET {item.path}{'?' if asked else ''}{asked}"
