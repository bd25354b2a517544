"""The rules that turn the directory of a run into a verdict."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.core import CaseOutcome, Severity, Strength, Verdict
from harness.errors import StorageError
from harness.exit_status import ExitStatus
from harness.report import fold

A = "fields/types/QUICKBOOKS/bills"
B = "dates/format/QUICKBOOKS/bills"
PASSED, FINDINGS = CaseOutcome.PASSED, CaseOutcome.FINDINGS
INCONCLUSIVE, ERROR = CaseOutcome.INCONCLUSIVE, CaseOutcome.ERROR
Build = Callable[[Any], Path]


@dataclass(frozen=True)
class Row:
    """A run in one line, and the verdict it must have."""

    name: str
    build: Build
    verdict: Verdict
    status: ExitStatus


def advisory(run: Any, case: str) -> Any:
    """A finding that does not vote."""
    return run.finding(case, severity=Severity.ADVISORY)


def add(run: Any, *cases: Any, missing: tuple[str, ...] = (), **done: Any) -> Path:
    """Cases as (id, outcome, findings), then ids that stay without a result, then the end of the run."""
    for id, outcome, findings in cases:
        run.case(id, outcome, findings, reason="because" if outcome in {INCONCLUSIVE, ERROR} else None)
    run.expected.extend(missing)
    return run.done(**done)


GO, NO_GO, OPEN = Verdict.GO, Verdict.NO_GO, Verdict.INCONCLUSIVE
ROWS = (
    Row("all passed", lambda r: add(r, (A, PASSED, ()), (B, PASSED, ())), GO, ExitStatus.GO),
    Row("advisory only", lambda r: add(r, (A, FINDINGS, [advisory(r, A)])), GO, ExitStatus.GO),
    Row(
        "a finding that votes",
        lambda r: add(r, (A, FINDINGS, [r.finding(A)]), (B, PASSED, ())),
        NO_GO,
        ExitStatus.NO_GO,
    ),
    Row(
        "a finding beside an error",
        lambda r: add(r, (A, FINDINGS, [r.finding(A)]), (B, ERROR, ()), errors=["worker gw1 died"]),
        NO_GO,
        ExitStatus.NO_GO,
    ),
    Row("a finding in a case that says passed", lambda r: add(r, (A, PASSED, [r.finding(A)])), NO_GO, ExitStatus.NO_GO),
    Row(
        "a finding in an inconclusive case",
        lambda r: add(r, (A, INCONCLUSIVE, [r.finding(A)])),
        NO_GO,
        ExitStatus.NO_GO,
    ),
    Row("findings without a finding", lambda r: add(r, (A, FINDINGS, ())), OPEN, ExitStatus.HARNESS_ERROR),
    Row("a case with an error", lambda r: add(r, (A, PASSED, ()), (B, ERROR, ())), OPEN, ExitStatus.HARNESS_ERROR),
    Row(
        "an error of the run",
        lambda r: add(r, (A, PASSED, ()), errors=["cleanup broke"]),
        OPEN,
        ExitStatus.HARNESS_ERROR,
    ),
    Row(
        "an inconclusive case", lambda r: add(r, (A, PASSED, ()), (B, INCONCLUSIVE, ())), OPEN, ExitStatus.INCONCLUSIVE
    ),
    Row(
        "an expected case without result",
        lambda r: add(r, (A, PASSED, ()), missing=(B,)),
        OPEN,
        ExitStatus.INCONCLUSIVE,
    ),
    Row("no result at all", lambda r: add(r, missing=(A, B)), OPEN, ExitStatus.INCONCLUSIVE),
    Row("no cases at all", add, OPEN, ExitStatus.INCONCLUSIVE),
    Row("interrupted", lambda r: add(r, (A, PASSED, ()), interrupted=True), OPEN, ExitStatus.INTERRUPTED),
    Row(
        "interrupted after a finding",
        lambda r: add(r, (A, FINDINGS, [r.finding(A)]), interrupted=True),
        NO_GO,
        ExitStatus.INTERRUPTED,
    ),
    Row("died without a last word", lambda r: add(r, (A, PASSED, ()), ended=False), OPEN, ExitStatus.HARNESS_ERROR),
    Row(
        "passed first, then failed",
        lambda r: add(r, (A, PASSED, ()), (A, FINDINGS, [r.finding(A)])),
        NO_GO,
        ExitStatus.NO_GO,
    ),
    Row("failed first, then passed", lambda r: add(r, (A, ERROR, ()), (A, PASSED, ())), OPEN, ExitStatus.HARNESS_ERROR),
)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_verdict_rules(run: Any, row: Row) -> None:
    """Each kind of run has exactly the verdict and the exit status that the rules give it."""
    report = fold(row.build(run))
    assert (report.verdict.verdict, report.verdict.exit_status) == (row.verdict, row.status)
    assert report.verdict.reasons


def test_a_missing_case_is_shown_with_its_place(run: Any) -> None:
    """A case without a result stands in the report as inconclusive, with platform and resource read from its id."""
    report = fold(add(run, (A, PASSED, ()), missing=("writes/required_input/XERO/bills/line_items[]",)))
    missing = report.cases[1]
    assert (missing.missing, missing.outcome, missing.platform, missing.resource) == (
        True,
        INCONCLUSIVE,
        "XERO",
        "bills",
    )
    assert (missing.kind, missing.detail) == ("writes.required_input", "line_items[]")
    assert (report.counts.cases, report.counts.passed, report.counts.missing) == (2, 1, 1)


def test_the_caller_can_add_what_the_directory_does_not_know(run: Any) -> None:
    """An interruption or a crash that only the caller saw counts like one that the run wrote down."""
    directory = add(run, (A, PASSED, ()), ended=False)
    assert fold(directory, interrupted=True).verdict.exit_status is ExitStatus.INTERRUPTED
    crashed = fold(directory, errors=["pytest ended with signal 9"])
    assert crashed.verdict.verdict is OPEN
    assert [error.message for error in crashed.errors] == ["pytest ended with signal 9"]


def test_the_same_finding_on_several_platforms_is_one_group(run: Any) -> None:
    """Findings of one check, resource and field are shown once, with platforms, a count and the first of each."""
    cases = [f"fields/types/{platform}/bills" for platform in ("QUICKBOOKS", "XERO", "NETSUITE")]
    for case in cases:
        shown = run.exchange(case)
        run.case(case, FINDINGS, [run.finding(case, evidence=(shown.id,))] * 2, evidence=(shown.id,))
    other = "fields/enum/XERO/bills"
    run.case(other, FINDINGS, [advisory(run, other)])
    report = fold(run.done())
    group = report.findings[0]
    assert len(report.findings) == 1, "an advisory finding of the same check and field belongs to the same group"
    assert (group.count, group.cases, group.severity) == (7, 4, Severity.BLOCKER)
    assert group.platforms == ("NETSUITE", "QUICKBOOKS", "XERO")
    assert [one.platform for one in group.occurrences[:3]] == ["QUICKBOOKS", "XERO", "NETSUITE"]
    assert group.request_id is not None
    assert group.request_id.startswith("req-")
    assert report.cases[0].findings == (group.id,)


def test_cited_evidence_keeps_every_digit_and_letter(run: Any) -> None:
    """Numbers that no 64 bits hold and halves of surrogate pairs reach the ledger and the report as they came."""
    bills = {"bills": [{"id": "b1", "total_amount": 123456789012345678901234567890, "memo": "\udce4"}]}
    shown = run.exchange(A, answer=bills)
    run.case(A, FINDINGS, [run.finding(A, evidence=(shown.id,))], evidence=(shown.id,))
    brief = fold(run.done()).evidence[shown.id]
    assert "123456789012345678901234567890" in brief.response_body
    assert "\\udce4" in brief.response_body


def test_what_stands_between_names_every_obstacle_in_order(run: Any) -> None:
    """Findings come first, then errors, then undecided cases, each with a command where one decides it."""
    shown = [(A, FINDINGS, [run.finding(A)]), (B, ERROR, ()), ("money/numbers/QUICKBOOKS/bills", INCONCLUSIVE, ())]
    report = fold(add(run, *shown))
    kinds = [entry.kind.value for entry in report.standing_between]
    assert kinds[:3] == ["finding", "error", "undecided_cases"]
    assert report.standing_between[0].command == "golive explain fields.type"
    assert report.standing_between[2].command == "golive run --select money"


def test_an_emulated_go_still_needs_live_proof(make_run: Callable[[str], Any]) -> None:
    """What is proven on the emulator alone stands between here and production; what is live does not."""
    emulated = fold(add(make_run("emulated"), (A, PASSED, ())))
    live = fold(add(make_run("live"), (A, PASSED, ()), strength=Strength.LIVE, target="production"))
    assert emulated.verdict.strength is Strength.EMULATED
    assert "strength" in {entry.kind.value for entry in emulated.standing_between}
    assert live.verdict.strength is Strength.LIVE
    assert "strength" not in {entry.kind.value for entry in live.standing_between}


def test_damaged_lines_are_errors_and_cost_nothing_else(run: Any) -> None:
    """A half-written line of the ledger is an error of the run; every other result is still counted."""
    directory = add(run, (A, PASSED, ()))
    with (directory / "workers" / "gw0" / "cases.ndjson").open("ab") as file:
        file.write(b'{"id": "fields/enum/QUICKBOOKS/bills", "outc')
    report = fold(directory)
    assert report.verdict.exit_status is ExitStatus.HARNESS_ERROR
    assert report.counts.passed == 1
    assert "cases.ndjson:2" in report.errors[0].message


def test_a_directory_without_a_run_is_named(tmp_path: Path) -> None:
    """Folding a directory that no run has written says so and what to do."""
    with pytest.raises(StorageError, match=r"run\.json.*golive run"):
        fold(tmp_path)


def test_a_damaged_run_file_is_named(run: Any) -> None:
    """A run.json that is no JSON, or that lacks its start, gives one message with the file's name."""
    directory = add(run, (A, PASSED, ()))
    (directory / "run.json").write_text('{"golive": "0.1.0"')
    with pytest.raises(StorageError, match=r"run\.json: damaged"):
        fold(directory)


def test_timings_are_measured_from_every_request(run: Any) -> None:
    """Requests, areas and percentiles come from the ledger, per operation."""
    for number in range(4):
        shown = run.exchange(f"{A}/{number}", operation="list" if number else "get")
        run.case(f"{A}/{number}", evidence=(shown.id,), duration=number / 10)
    timings = fold(run.done()).timings
    assert timings.requests == 4
    assert {item.name: item.requests for item in timings.latency} == {"all requests": 4, "list": 3, "get": 1}
    assert [(area.name, area.cases, area.requests, area.seconds) for area in timings.areas] == [("fields", 4, 4, 0.6)]
    assert timings.slowest[0].name == f"{A}/3"
