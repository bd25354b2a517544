"""From the start of a case's test function to its line in the ledger."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from harness.core import Severity
from harness.drive import Drive, Inconclusive
from harness.errors import GoliveError, TargetUnreachable
from harness.plan.case import Case
from harness.pytest_plugin.answers import judge_answers
from harness.pytest_plugin.caserun import CaseRun, Judge, failure_text
from harness.report.ledger import CaseResult

if TYPE_CHECKING:
    from harness.pytest_plugin.process import ProvingProcess


@contextmanager
def case_life(process: "ProvingProcess", case: Case, drive: Drive, judge: Judge) -> Iterator[None]:
    """Run a test function inside; write its result; fail, skip or error the test accordingly."""
    run = CaseRun(case, judge, process.worker)
    reason: str | None = None
    error: str | None = None
    cause: BaseException | None = None
    try:
        yield
    except Inconclusive as ended:
        reason = str(ended)
    except pytest.skip.Exception as ended:
        reason = ended.msg or "skipped"
    except GoliveError as ended:
        error, cause = f"{type(ended).__name__}: {ended}", ended
    except Exception as ended:  # noqa: BLE001 - a case must end in the ledger whatever happens in it
        error, cause = _tell(ended), ended
    try:
        judge_answers(case, drive, judge, process.request_ids)
        _look_for_target(drive)
    except TargetUnreachable as ended:
        error, cause = error or f"TargetUnreachable: {ended}", cause or ended
    except Exception as ended:  # noqa: BLE001 - as above
        error, cause = error or _tell(ended), cause or ended
    if isinstance(cause, TargetUnreachable):
        judge.take_back(item.id for item in drive.evidence if item.status is None)
    reason, error = (None if said is None else process.redact(said) for said in (reason, error))
    result = run.result(drive.evidence, reason=reason, error=error)
    process.record(result)
    _end(result, cause, process.redact)


def _look_for_target(drive: Drive) -> None:
    """A request without an answer speaks against its operation only while the target is there at all. A replay looks
    too: that is recorded like any other request."""
    if any(item.status is None for item in drive.evidence):
        drive.session.look_for_target()


def _tell(error: BaseException) -> str:
    """The kind of an unexpected exception and where it was raised: a bug of the harness."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_code.co_filename.rpartition('/')[2]}:{place.tb_lineno}" if place else ""
    return f"unexpected {type(error).__name__}{where}: {error}"


def _end(result: CaseResult, cause: BaseException | None, redact: Callable[[str], str]) -> None:
    blockers = [finding for finding in result.findings if finding.severity is Severity.BLOCKER]
    if cause is not None:
        raise pytest.fail.Exception(
            redact(f"harness error: {result.reason}"), pytrace=not isinstance(cause, GoliveError)
        )
    if blockers:
        pytest.fail(failure_text(blockers), pytrace=False)
    if result.reason is not None:
        pytest.skip(f"inconclusive: {result.reason}")
