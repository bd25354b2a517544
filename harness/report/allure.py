"""`allure-results/`: one result per case, for teams whose dashboards read Allure.

Written from the report like every other file: the plugin of pytest would write five files a case and know nothing of
findings, and the writer of allure-python-commons takes six times as long as plain JSON. Source: the Allure 2 result
format, as of allure_commons.model2.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from allure_commons.model2 import Status

from harness.core import CaseOutcome
from harness.errors import StorageError
from harness.report.model import CaseEntry, FindingGroup, RunReport

STATUS = {
    CaseOutcome.PASSED: Status.PASSED,
    CaseOutcome.FINDINGS: Status.FAILED,
    CaseOutcome.INCONCLUSIVE: Status.SKIPPED,
    CaseOutcome.ERROR: Status.BROKEN,
}


def write_allure(report: RunReport, folder: Path) -> None:
    """Write a result for each case that ran. Findings that vote are failures, errors are broken, undecided cases
    skipped. Raises StorageError when the folder or the disk refuses."""
    groups = {group.id: group for group in report.findings}
    begin = int(datetime.fromisoformat(report.run.started_at).timestamp() * 1000)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for case in report.cases:
            if not case.missing:
                result = _result(report, case, [groups[id] for id in case.findings if id in groups], begin)
                _write(folder / f"{result['uuid']}-result.json", _text(result))
    except OSError as error:
        raise StorageError(f"{folder}: cannot write: {error.strerror or error}. Free some space") from error


def _text(result: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(result)
    except TypeError:  # a lone surrogate, which no file may hold: it becomes a backslash escape
        return json.dumps(result, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _write(path: Path, content: bytes) -> None:
    """Thousands of small files: the buffers and looks at the file that `open` adds double their cost."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
    finally:
        os.close(descriptor)


def _result(report: RunReport, case: CaseEntry, groups: Sequence[FindingGroup], begin: int) -> dict[str, Any]:
    advisory_only = case.outcome is CaseOutcome.FINDINGS and not case.blocking
    labels = {
        "parentSuite": "golive",
        "suite": case.area,
        "subSuite": case.platform,
        "epic": case.platform,
        "feature": case.resource or "api",
        "story": case.kind,
        "framework": "golive",
    }
    result = {
        "uuid": str(uuid.uuid4()),
        "name": case.id,
        "fullName": case.id,
        "historyId": _digest(case.id),
        "testCaseId": _digest(case.id),
        "status": Status.PASSED if advisory_only else STATUS[case.outcome],
        "statusDetails": _details(case, groups),
        "stage": "finished",
        "labels": [{"name": name, "value": value} for name, value in labels.items()],
        "parameters": [{"name": name, "value": value} for name, value in _parameters(report, case).items()],
        "start": begin,
        "stop": begin + int(case.duration * 1000),
    }
    return {name: value for name, value in result.items() if value is not None}


def _details(case: CaseEntry, groups: Sequence[FindingGroup]) -> dict[str, str] | None:
    if groups:
        lines = [
            f"{group.check}: {group.message}\n  expected {group.expected}\n  seen {group.seen}" for group in groups
        ]
        return {"message": groups[0].message, "trace": "\n".join(lines)}
    return {"message": case.reason} if case.reason else None


def _parameters(report: RunReport, case: CaseEntry) -> Mapping[str, str]:
    return {"target": report.run.target, "strength": str(report.run.strength), "plans": ", ".join(case.plans)}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
