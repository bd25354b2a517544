"""The files of a report: whole, well-formed, escaped and without secrets."""

import json
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness.core import CaseOutcome, Severity
from harness.errors import StorageError
from harness.report import read_report, write_report
from harness.report.chain import verify
from harness.report.files import HTML_FILE, JUNIT_FILE, REPORT_FILE, SUMMARY_FILE

A = "fields/types/QUICKBOOKS/bills"
HOSTILE = "</script><script>alert('x')</script> \x00\x1b[31m\ufffe\ud800 ]]> & \u202e \"quoted\" 名前"
FILES = (REPORT_FILE, HTML_FILE, JUNIT_FILE, SUMMARY_FILE, "evidence.ndjson")


class Page(HTMLParser):
    """What a browser would make of a page, as far as these tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "link", "br", "img", "input"}:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")
            if name == "src" or name.startswith("on") or (name == "href" and "://" in (value or "")):
                self.outside.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile_run(run: Any) -> Path:
    """A run whose target says the worst things wherever it can."""
    body = {"memo": HOSTILE, HOSTILE: [1, None], "access_token": "access-sandbox-from-the-answer"}
    shown = run.exchange(A, answer={"bills": [{"id": HOSTILE, **body}], "next_cursor": None})
    html = run.exchange(A, answer=b"<html><script>boom()</script>\x00 secret access-sandbox-5e1f-topsecret", status=502)
    finding = run.finding(
        A, field=HOSTILE, message=HOSTILE, expected=HOSTILE, seen=HOSTILE, evidence=(shown.id, html.id)
    )
    run.case(A, CaseOutcome.FINDINGS, [finding], evidence=(shown.id, html.id))
    run.case("fields/fill/XERO/bills", CaseOutcome.INCONCLUSIVE, reason=HOSTILE)
    run.case("fields/enum/XERO/bills", CaseOutcome.ERROR, reason=HOSTILE)
    return run.done(errors=[HOSTILE])


def test_the_page_escapes_what_a_target_says(run: Any) -> None:
    """No tag, attribute or address of the page comes from a target, every tag is closed, every link leads somewhere."""
    directory = hostile_run(run)
    write_report(directory)
    page = Page((directory / HTML_FILE).read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert page.outside == []
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "alert('x')" in page.text
    assert "\\x1b[31m" in page.text
    assert not {"\x00", "\x1b", "\u202e", "\ud800"} & set(page.text)


def test_the_page_says_the_verdict_first(run: Any) -> None:
    """A reader meets the verdict, its reasons and what stands in the way before anything else."""
    run.case(A, CaseOutcome.FINDINGS, [run.finding(A)])
    directory = run.done()
    write_report(directory)
    text = Page((directory / HTML_FILE).read_text(encoding="utf-8")).text
    order = [
        text.index(part) for part in ("NO GO", "1 kind of finding votes", "Between here and production", "Findings\n")
    ]
    assert order == sorted(order)


def test_junit_is_well_formed_and_counts_every_case(run: Any) -> None:
    """One test case per case; findings are failures, errors errors, undecided cases skipped; any text survives."""
    directory = hostile_run(run)
    write_report(directory)
    root = ET.fromstring((directory / JUNIT_FILE).read_bytes())  # noqa: S314 - our own file
    names = {entry.get("name"): [child.tag for child in entry] for entry in root.iter("testcase")}
    assert names == {
        A: ["failure"],
        "fields/fill/XERO/bills": ["skipped"],
        "fields/enum/XERO/bills": ["error"],
        "run": ["error"],
    }
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("4", "1", "2", "1")
    failure = next(root.iter("failure"))
    assert "alert('x')" in (failure.text or "")
    assert failure.get("type") == "fields.type"


def test_advisory_findings_do_not_fail_a_junit_case(run: Any) -> None:
    """A finding that does not vote stands in the output of a test case that passed."""
    run.case(A, CaseOutcome.FINDINGS, [run.finding(A, severity=Severity.ADVISORY)])
    directory = run.done()
    write_report(directory)
    root = ET.fromstring((directory / JUNIT_FILE).read_bytes())  # noqa: S314 - our own file
    assert [child.tag for child in next(root.iter("testcase"))] == ["system-out"]


def test_no_file_holds_a_secret(run: Any) -> None:
    """Credentials that went through redacted exchanges stand in no file of the report, in no encoding."""
    directory = hostile_run(run)
    write_report(directory)
    secrets = ("topsecret", "Y2xpZW50OnRvcHNlY3JldC1iYXNpYw", "from-the-answer")
    for path in [path for path in directory.rglob("*") if path.is_file()]:
        content = path.read_text(encoding="utf-8")
        assert not [secret for secret in secrets if secret in content], path
    page = (directory / HTML_FILE).read_text(encoding="utf-8")
    assert "$RUTTER_ACCESS_TOKEN_QUICKBOOKS" in page
    assert "$RUTTER_CLIENT_ID:$RUTTER_CLIENT_SECRET" in page


def test_the_report_reads_back_as_it_was_written(run: Any) -> None:
    """`report.json` is the source of the others: it holds everything the report holds."""
    directory = hostile_run(run)
    report = write_report(directory)
    assert read_report(directory) == report
    assert json.loads((directory / REPORT_FILE).read_text(encoding="utf-8"))["schema_version"] == "1.0"


def test_evidence_is_merged_in_order_and_chained(run: Any) -> None:
    """All exchanges stand in the order of time, and the report knows the end of the chain."""
    for number in range(5):
        run.exchange(f"{A}/{number}")
    run.case(A)
    directory = run.done()
    report = write_report(directory)
    lines = [json.loads(line) for line in (directory / "evidence.ndjson").read_bytes().splitlines()]
    assert [line["started_at"] for line in lines] == sorted(line["started_at"] for line in lines)
    assert verify(directory / "evidence.ndjson") == 5
    assert report.evidence_file is not None
    assert (report.evidence_file.lines, report.evidence_file.last_hash) == (5, lines[-1]["hash"])


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: [*lines[:1], lines[1].replace(b'"status":200', b'"status":500'), *lines[2:]],
        lambda lines: [*lines[:1], *lines[2:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [lines[0], lines[0], *lines[1:]],
    ],
    ids=["altered", "removed", "reordered", "repeated"],
)
def test_altered_evidence_is_detected(run: Any, tamper: Callable[[list[bytes]], list[bytes]]) -> None:
    """A line that was altered, removed, moved or repeated breaks the chain, and the place is named."""
    for number in range(4):
        run.exchange(f"{A}/{number}")
    directory = run.done()
    write_report(directory)
    path = directory / "evidence.ndjson"
    path.write_bytes(b"".join(tamper(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(StorageError, match=r"evidence\.ndjson:[12]: the chain"):
        verify(path)


def test_an_unwritable_place_gives_one_message(run: Any) -> None:
    """A directory that does not take files gives one StorageError that names the file and leaves no half file."""
    run.case(A)
    directory = run.done()
    (directory / HTML_FILE).mkdir()
    with pytest.raises(StorageError, match=r"report\.html: cannot write.*--out"):
        write_report(directory)
    assert not list(directory.glob(".*.part"))
    assert read_report(directory).verdict.verdict.value == "go"


def test_a_full_disk_gives_one_message_and_no_half_file(run: Any) -> None:
    """When no more can be written, the error names a file, and what stands under a final name is whole."""
    for number in range(40):
        run.exchange(f"{A}/{number}", answer={"bills": [{"id": str(number), "memo": "x" * 2000}]})
        run.case(f"{A}/{number}")
    directory = run.done()
    script = (
        "import resource, sys; from pathlib import Path; from harness.errors import StorageError\n"
        "from harness.report import write_report\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "try: write_report(Path(sys.argv[1]))\n"
        "except StorageError as error: print(error)"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter or shell on text of this test
        [sys.executable, "-c", script, str(directory)], capture_output=True, text=True, check=True
    )
    assert "evidence.ndjson: cannot write" in done.stdout
    assert done.stdout.count("\n") == 1
    assert not list(directory.glob(".*.part"))
    assert not (directory / "evidence.ndjson").exists()
    assert read_report(directory).verdict.verdict.value == "inconclusive"


def test_evidence_that_cannot_be_merged_is_never_go(run: Any) -> None:
    """When the evidence cannot be written the report is written all the same, says why, and is not `go`."""
    run.case(A)
    directory = run.done()
    (directory / "evidence.ndjson").mkdir()
    with pytest.raises(StorageError, match=r"evidence\.ndjson"):
        write_report(directory)
    assert read_report(directory).verdict.verdict.value == "inconclusive"


def test_a_large_run_stays_small(run: Any) -> None:
    """A page of several thousand passed cases stays far below three megabytes."""
    for number in range(4000):
        run.case(f"writes/optional_input/QUICKBOOKS/invoice_credit_memos/line_items[].additional_field_{number}")
    directory = run.done()
    write_report(directory)
    assert (directory / HTML_FILE).stat().st_size < 1_000_000


def test_many_findings_stay_small(run: Any) -> None:
    """A target that is wrong everywhere gives a page that still opens: a thousand kinds of findings with evidence."""
    for number in range(1000):
        case = f"{A}/field_{number}"
        shown = run.exchange(case, answer={"bills": [{"id": str(number), "memo": "x" * 3000}]})
        run.case(case, CaseOutcome.FINDINGS, [run.finding(case, field=f"field_{number}", evidence=(shown.id,))])
    directory = run.done()
    write_report(directory)
    assert (directory / HTML_FILE).stat().st_size < 3_000_000


def test_the_summary_is_plain_text(run: Any) -> None:
    """`summary.txt` holds no control character and says verdict, reason and place of each finding that votes."""
    directory = hostile_run(run)
    write_report(directory)
    text = (directory / SUMMARY_FILE).read_text(encoding="utf-8")
    assert not [character for character in text if character != "\n" and not character.isprintable()]
    assert text.lstrip().startswith("NO GO")
    assert "fields.type" in text
