"""The checks of the plans' cases on the sampled answers of a load test: a fast wrong answer is a failure."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.checks import judge
from harness.checks.fields import Rows
from harness.checks.jobs import Job
from harness.contract import Contract
from harness.core import Evidence, Finding, Severity
from harness.report.atomic import write_chunks

SHAPES = ("fields.present", "fields.type", "fields.null", "fields.enum", "fields.format")


@dataclass(frozen=True, slots=True)
class Judged:
    """How many answers were judged, in how many of them a check found what votes, and what it says."""

    judged: int
    refused: int
    messages: tuple[str, ...]


def judge_samples(path: Path, contract: Contract) -> Judged:
    """Judge every sample of a test, row by row; nothing without a file. What no check refuses is then kept with its
    first rows only: whole answers of a test are tens of megabytes."""
    if not path.exists():
        return Judged(0, 0, ())
    judged = refused = 0
    messages: Counter[str] = Counter()

    def kept() -> Iterator[bytes]:
        nonlocal judged, refused
        with path.open(encoding="utf-8") as file:
            for line in file:
                evidence = Evidence.from_json(json.loads(line))
                findings = _findings(evidence, contract)
                votes = [finding for finding in findings or () if finding.severity is Severity.BLOCKER]
                judged += findings is not None
                refused += bool(votes)
                messages.update({f"{one.check} on {one.platform} {one.resource}: {one.message}" for one in votes})
                yield (line if votes else json.dumps(evidence.brief(20).to_json()) + "\n").encode()

    write_chunks(path, kept())
    return Judged(judged, refused, tuple(text for text, _ in messages.most_common()))


def _findings(evidence: Evidence, contract: Contract) -> Iterable[Finding] | None:
    """What the checks say of one answer; None when no check is about its kind."""
    resource = contract.resources.get(evidence.resource or "")
    base = (evidence.case or "rollout", evidence.platform, evidence.resource)
    if evidence.operation == "list" and resource is not None:
        rows = evidence.body.get(resource.list_key) if isinstance(evidence.body, dict) else None
        if not isinstance(rows, list):
            finding = Finding("fields.envelope", Severity.BLOCKER, *base, None, "a list came without its key",
                              str(resource.list_key), "another body", (evidence.id,))  # fmt: skip
            return [finding]
        whole = tuple(row for row in rows if isinstance(row, dict))
        return judge(Rows(*base, contract, resource, whole, tuple(evidence.id for _ in whole)), SHAPES)
    if evidence.operation == "get" and resource is not None and resource.item_key is not None:
        row = evidence.body.get(resource.item_key) if isinstance(evidence.body, dict) else None
        if not isinstance(row, dict):
            return [Finding("fields.envelope", Severity.BLOCKER, *base, None, "an object came without its key",
                            resource.item_key, "another body", (evidence.id,))]  # fmt: skip
        return judge(Rows(*base, contract, resource, (row,), (evidence.id,)), SHAPES)
    if evidence.operation == "create" and resource is not None:
        asked = evidence.request_json.get("response_mode") if isinstance(evidence.request_json, dict) else None
        if asked == "async":
            return judge(Job(*base, evidence, None, "POST", None, succeeds=True), ("jobs.shape",))
    return None
