"""Writes all files of a report into the directory of the run."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from harness.errors import StorageError
from harness.report.allure import write_allure
from harness.report.atomic import write_text
from harness.report.fold import fold_with_places
from harness.report.html import html_page
from harness.report.junit import junit_xml
from harness.report.legible import one_line
from harness.report.model import SCHEMA_VERSION, ErrorEntry, RunReport
from harness.report.run_record import RunRecord
from harness.report.scan import merge_evidence
from harness.report.seal import Seal, hashes, keep_inputs
from harness.report.summary import summary_text
from harness.report.verdicts import decide

REPORT_FILE = "report.json"
HTML_FILE = "report.html"
JUNIT_FILE = "junit.xml"
SUMMARY_FILE = "summary.txt"
ALLURE_FOLDER = "allure-results"


def write_report(
    directory: Path, *, interrupted: bool = False, errors: Iterable[str] = (), now: datetime | None = None
) -> RunReport:
    """Fold the run in `directory` (see `fold`) and write all files of its report there; return the report.

    The files are `evidence.ndjson`, `seal.json`, `report.json`, `summary.txt`, `junit.xml`, `report.html` and
    `allure-results/`, in this order: the report before its views, so that a disk that fills up costs the least. Raises
    StorageError with one message; each file is either whole or as it was before. When the evidence cannot be merged,
    the report says so, is not `go`, and is still written before the error is raised.
    """
    told = tuple(errors)
    folded = fold_with_places(directory, interrupted=interrupted, errors=told, now=now)
    report = folded.report
    failure = None
    try:
        evidence = merge_evidence(folded.places, directory)
        keep_inputs(directory, RunRecord.load(directory).inputs)
        seal = Seal(
            directory=directory.name, now=report.folded_at if now else None, interrupted=interrupted, errors=told,
            evidence=evidence, files=hashes(directory),
        ).closed()  # fmt: skip
        seal.save(directory)
        final = report.model_copy(update={"evidence_file": evidence, "seal": seal.seal})
    except StorageError as error:
        failure = error
        final = with_error(report, str(error))
    write_text(directory / REPORT_FILE, final.model_dump_json(indent=1) + "\n")
    write_text(directory / SUMMARY_FILE, summary_text(final))
    write_text(directory / JUNIT_FILE, junit_xml(final))
    write_text(directory / HTML_FILE, html_page(final))
    write_allure(final, directory / ALLURE_FOLDER)
    if failure is not None:
        raise failure
    return final


def with_error(report: RunReport, message: str) -> RunReport:
    """The report with one more error of the run, and the verdict that follows."""
    errors = (*report.errors, ErrorEntry(where="run", message=one_line(message)))
    verdict = decide(
        report.cases, report.findings, errors, strength=report.run.strength, interrupted=report.run.interrupted
    )
    return report.model_copy(update={"errors": errors, "verdict": verdict})


def read_report(directory: Path) -> RunReport:
    """Read `report.json` back. Raises StorageError when it is missing, damaged or of another schema."""
    path = directory / REPORT_FILE
    try:
        return RunReport.model_validate_json(path.read_bytes())
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
    except ValidationError as error:
        raise StorageError(f"{path}: damaged or of another schema than {SCHEMA_VERSION}") from error
