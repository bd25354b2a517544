"""A run that was altered is noticed, whatever was altered; an untouched one gives its verdict again."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.core import CaseOutcome, Verdict
from harness.errors import StorageError
from harness.report import read_report, write_report
from harness.report.chain import walk
from harness.report.seal import Seal
from harness.report.verifying import verify_run

A, B = "fields/types/QUICKBOOKS/bills", "fields/enum/QUICKBOOKS/bills"
SOON = datetime(2026, 11, 25, tzinfo=UTC)
LATER = datetime(2027, 3, 1, tzinfo=UTC)
EVIDENCE = "evidence.ndjson"


@pytest.fixture
def sealed(run: Any) -> Path:
    """A run with two cases and four exchanges, sealed."""
    made = [run.exchange(A), run.exchange(A, path="/accounting/vendors"), run.exchange(B), run.exchange(B)]
    run.case(A, evidence=[made[0].id, made[1].id])
    run.case(B, CaseOutcome.FINDINGS, [run.finding(B, evidence=(made[2].id,))], evidence=[made[2].id, made[3].id])
    directory = run.done()
    write_report(directory)
    return directory


def lines(directory: Path, change: Callable[[list[bytes]], list[bytes]], name: str = EVIDENCE) -> None:
    """Change the lines of a file."""
    path = directory / name
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def test_an_untouched_run_holds(sealed: Path) -> None:
    """Nothing is wrong with a run that nobody touched, wherever its directory was moved to."""
    seal = read_report(sealed).seal
    moved = sealed.with_name("archived")
    shutil.copytree(sealed, moved)
    found = verify_run(moved, now=SOON, seal=seal)
    assert (found.flaws, found.lines) == ((), 4)
    assert found.now is not None
    assert found.now.verdict == found.recorded.verdict


def test_a_single_changed_byte_is_noticed(sealed: Path) -> None:
    """Whichever byte of the merged evidence is changed, in links, text or line ends, the chain no longer holds."""
    path = sealed / EVIDENCE
    known = Seal.load(sealed).evidence
    whole = path.read_bytes()
    for at in sorted({*range(0, len(whole), 7), *range(150), len(whole) - 1}):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            links = walk(path)
        except StorageError:
            continue
        pytest.fail(f"byte {at} was changed unseen: {links} of {known}")


TAMPERINGS: dict[str, Callable[[Path], None]] = {
    "a line removed": lambda d: lines(d, lambda rows: rows[:1] + rows[2:]),
    "the first line removed": lambda d: lines(d, lambda rows: rows[1:]),
    "the tail cut off": lambda d: lines(d, lambda rows: rows[:-1]),
    "half a line cut off": lambda d: lines(d, lambda rows: [*rows[:-1], rows[-1][:-40]]),
    "the last newline cut off": lambda d: lines(d, lambda rows: [*rows[:-1], rows[-1].rstrip(b"\n")]),
    "two lines swapped": lambda d: lines(d, lambda rows: [rows[1], rows[0], *rows[2:]]),
    "a line twice": lambda d: lines(d, lambda rows: [*rows, rows[-1]]),
    "everything removed": lambda d: (d / EVIDENCE).unlink(),
    "a worker's byte": lambda d: lines(d, lambda rows: [rows[0].replace(b"200", b"201"), *rows[1:]], WORKER),
    "a worker's line removed": lambda d: lines(d, lambda rows: rows[1:], WORKER),
    "a worker's lines swapped": lambda d: lines(d, lambda rows: [*rows[2:], *rows[:2]], WORKER),
    "a finding removed": lambda d: lines(d, lambda rows: rows[:1], "workers/gw0/cases.ndjson"),
    "a result rewritten": lambda d: lines(
        d, lambda rows: [line.replace(b'"blocker"', b'"advisory"') for line in rows], "workers/gw0/cases.ndjson"
    ),
    "an expected case dropped": lambda d: lines(
        d, lambda rows: [line for line in rows if B.encode() not in line], "run.json"
    ),
    "the end rewritten": lambda d: lines(
        d, lambda rows: [line.replace(b"08:00:30", b"08:00:31") for line in rows], "end.json"
    ),
    "the verdict rewritten": lambda d: lines(
        d, lambda rows: [line.replace(b'"verdict": "no_go"', b'"verdict": "go"') for line in rows], "report.json"
    ),
    "the checklist rewritten": lambda d: lines(
        d, lambda rows: [line.replace(b"fields/**", b"dates/**") for line in rows], "inputs/checklist.yaml"
    ),
    "the seal rewritten": lambda d: lines(
        d, lambda rows: [line.replace(b'"lines": 4', b'"lines": 3') for line in rows], "seal.json"
    ),
}
WORKER = "workers/gw0/evidence.ndjson"


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_noticed(sealed: Path, name: str) -> None:
    """Every way to alter a run leaves a flaw that says where."""
    before = {path: path.read_bytes() for path in sealed.rglob("*") if path.is_file()}
    TAMPERINGS[name](sealed)
    assert before != {path: path.read_bytes() for path in sealed.rglob("*") if path.is_file()}
    found = verify_run(sealed, now=SOON)
    assert found.flaws
    assert found.now is None


def test_a_directory_made_anew_is_told_by_its_seal(sealed: Path) -> None:
    """Whoever rewrites results and seals them again is betrayed by the seal that the run printed."""
    printed = read_report(sealed).seal
    TAMPERINGS["a result rewritten"](sealed)
    write_report(sealed)
    assert verify_run(sealed, now=SOON).flaws == ()
    assert "made anew" in verify_run(sealed, now=SOON, seal=printed).flaws[0]


def test_evidence_expires(run: Any) -> None:
    """After the days that the checklist allows, a go is no longer one, and its lines are open again."""
    run.case(A, evidence=[run.exchange(A).id])
    directory = run.done()
    write_report(directory)
    found = verify_run(directory, now=LATER)
    assert found.flaws == ()
    assert found.now is not None
    assert (found.recorded.verdict.verdict, found.now.verdict.verdict) == (Verdict.GO, Verdict.INCONCLUSIVE)
    line = found.now.checklist[0]
    assert (str(line.state), line.age_days, line.expires_on) == ("inconclusive", 97, "2026-12-24")


ACCEPTED = """
accepted:
  - {check: fields.type, resource: bills, owner: Ada, reason: known, when: "2026-11-01", until: "UNTIL"}
"""


@pytest.mark.parametrize(
    ("until", "verdict"), [("2026-12-31", Verdict.GO), ("2026-11-23", Verdict.NO_GO)], ids=["counts", "expired"]
)
def test_an_accepted_finding_does_not_vote_until_it_expires(run: Any, until: str, verdict: Verdict) -> None:
    """The baseline takes a finding's vote, says who did so, and gives the vote back on the day after."""
    run.case(A, CaseOutcome.FINDINGS, [run.finding(A)])
    baseline = run.directory / "accepted.yaml"
    baseline.write_text(ACCEPTED.replace("UNTIL", until))
    report = write_report(run.done(accepted=str(baseline)))
    assert report.verdict.verdict is verdict
    assert (report.accepted[0].owner, report.accepted[0].findings) == ("Ada", 1)
    assert ("Ada" in report.verdict.reasons[-1]) is (verdict is Verdict.GO)


def test_the_way_to_go_is_short_and_priced(sealed: Path) -> None:
    """What is open is grouped by the command that decides it, with what these cases cost in requests."""
    steps = json.loads((sealed / "report.json").read_text())["way_to_go"]
    assert steps[0]["command"] == "golive run --platform QUICKBOOKS --resource bills --select fields"
    assert (steps[0]["requests"], steps[0]["decides"]) == (2, 1)
    assert sum("attestations" in step["command"] for step in steps) == 1
