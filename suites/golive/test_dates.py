"""Dates: their form on every row, and that a day which is sent is the day that is read."""

from calendar import monthrange
from contextlib import suppress
from itertools import cycle

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness.checks.dates import MARKS, Dates, DayKept, SameDay
from harness.checks.paths import first
from harness.drive import Inconclusive

READ = ("dates.format", "dates.midnight_shift", "dates.plausible", "dates.order")
SEASONS = ((2019, 7), (2031, 10), (2008, 5), (2038, 8), (2027, 9))
"""(year, month) of generated days: the months that no named day is in, and years on both sides of 2010, of 2030 and of
January 2038, where narrow numbers and pivots of short years break."""
NEAR = range(2010, 2030)
"""Years of which a platform is expected to take documents; what is further away it may refuse."""
REFUSED_BY_PLATFORM = 450
TIMES = ("T00:00:00.000Z", "T04:15:00.000Z", "T12:00:00.000Z", "T16:45:00.000Z")
"""Hours at which zones to the west or to the east have another day."""
SAMPLE = 4


@pytest.mark.case("dates.read")
def test_dates_of_the_list_have_one_form(proof, judge, case):
    """Every value of a date field that the plan names has the documented form, zone and a plausible day; every other
    one, at any depth, has the form."""
    walk = proof.snapshot()
    origins = tuple(walk.row_evidence(index) for index in range(len(walk.rows)))
    for path in case.params["paths"]:
        field = proof.described.fields[path]
        document = path.rpartition(".")[2] not in MARKS and field.on(case.platform)
        judge(Dates(*proof.base, path, field.format, document, walk.rows, origins, proof.now()), *READ)
    for path in case.params["others"]:
        form = proof.described.fields[path].format
        judge(Dates(*proof.base, path, form, False, walk.rows, origins, proof.now()), "dates.format")


@pytest.mark.case("dates.same_day")
def test_transactions_are_of_the_day_of_their_documents(proof, judge, drive, case):
    """Ledger transactions whose day could be a month, and the last ones of months, are of their document's day."""
    entities = {resource.entity: resource for resource in drive.contract.resources.values()}
    linked = [
        (row, entities[str(row.get("rutter_transaction_type")).lower()])
        for row in proof.snapshot().rows
        if isinstance(row.get("rutter_transaction_id"), str)
        and str(row.get("rutter_transaction_type")).lower() in entities
    ]
    readable = [(row, resource) for row, resource in linked if resource.supports("get", case.platform)]
    if not readable:
        drive.inconclusive("no transaction names a document that can be read")
    readable.sort(key=lambda found: _risk(str(found[0].get("transaction_date"))), reverse=True)
    for row, resource in readable[:SAMPLE]:
        answer = drive.get(resource.name, row["rutter_transaction_id"])
        held = answer.body.get(resource.item_key) if answer.ok else None
        subject = SameDay(*proof.base, row.get("transaction_date"), resource.entity,
                          held if isinstance(held, dict) else None, (answer.id,))  # fmt: skip
        judge(subject, "dates.same_day")


def _risk(day):
    """How much can go wrong with a day: day for month, a day early at a month's end."""
    month, number = day[5:7], day[8:10]
    return (number <= "12" and number != month, number in {"28", "29", "30", "31"}, day)


@pytest.mark.case("dates.round_trip")
def test_a_day_stays_that_day(proof, judge, drive, case):
    """A day at a month's end, a leap day, a year's end and a day that could be a month come back as they were."""
    _send(proof, judge, drive, case.params["paths"], *case.params["days"], "T00:00:00.000Z")


@pytest.mark.case("dates.late_evening")
def test_a_late_hour_keeps_the_day(proof, judge, drive, case):
    """A time late in the evening does not move the day."""
    _send(proof, judge, drive, case.params["paths"], "2024-02-28", "2024-03-30", "T23:30:00.000Z")


@pytest.mark.case("dates.generated")
def test_any_day_stays_that_day(proof, judge, drive, case):
    """Generated days come back as they were, whatever the hour."""
    paths = case.params["paths"]

    @settings(max_examples=len(SEASONS), database=None, derandomize=True, deadline=None,
              suppress_health_check=list(HealthCheck), phases=[Phase.generate])  # fmt: skip
    @given(st.integers(1, 31))
    def prove(number):
        year, month = next(seasons)
        day = f"{year}-{month:02d}-{min(number, monthrange(year, month)[1]):02d}"
        with suppress(Inconclusive):  # told by what was judged; the next example may have another end
            _send(proof, judge, drive, paths, day, day, next(times), far=year not in NEAR)

    times, seasons = cycle(TIMES), cycle(SEASONS)
    prove()


def _send(proof, judge, drive, paths, day, due, time, *, far=False):
    body = drive.minimal_input()
    sent = {}
    for path in paths:
        field = proof.described.create_fields[path]
        that = due if path.startswith("due_") else day
        sent[path] = that if field.format == "date" else f"{that}{time}"
        body = proof.with_value(body, path, sent[path])
    write = proof.attempt(body)
    if far and write.status == REFUSED_BY_PLATFORM:
        drive.inconclusive(f"the platform takes nothing of {day}: its books may be closed")
    if not write.ok or write.entity is None:
        proof.written(write, "create", body)
    seen, answer = proof.read(write.id)
    for path, value in sent.items():
        read_path = proof.read_path(path)
        field = proof.described.fields.get(read_path)
        if field is None or not field.on(proof.case.platform):
            continue
        for where, entity, evidence in (
            ("the answer", write.entity, write.evidence.id),
            ("the object", seen, answer.id),
        ):
            subject = DayKept(
                *proof.base, read_path, value, first(entity, read_path), where, (write.evidence.id, evidence)
            )
            judge(subject, "dates.round_trip")
