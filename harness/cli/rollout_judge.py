"""The checks of the plans' cases on the sampled answers of a load test: a fast wrong answer is a failure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.checks import judge
from harness.checks.fields import Rows
from harness.checks.jobs import Job
from harness.contract import Contract
from harness.core import Evidence, Finding, Severity

SHAPES = ("fields.present", "fields.type", "fields.null", "fields.enum", "fields.format")


@dataclass(frozen=True, slots=True)
class Judged:
    """How many answers were judged, in how many of them a check found what votes, and what it says."""

    judged: int
    refused: int
    messages: tuple[str, ...]


def judge_samples(path: Path, contract: Contract) -> Judged:
    """Judge every sample of a test; nothing without a file."""
    if not path.exists():
        return Judged(0, 0, ())
    samples = [Evidence.from_json(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]
    judged = refused = 0
    messages: dict[str, int] = {}
    for evidence in samples:
        findings = _findings(evidence, contract)
        if findings is None:
            continue
        judged += 1
        votes = [finding for finding in findings if finding.severity is Severity.BLOCKER]
        refused += bool(votes)
        for finding in votes:
            text = f"{finding.check} on {finding.platform} {finding.resource}: {finding.message}"
            messages[text] = messages.get(text, 0) + 1
    ranked = sorted(messages, key=lambda text: -messages[text])
    return Judged(judged, refused, tuple(ranked))


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
    if evidence.operation == "create" and resource is not None:
        asked = evidence.request_json.get("response_mode") if isinstance(evidence.request_json, dict) else None
        if asked == "async":
            return judge(Job(*base, evidence, None, "POST", None, succeeds=True), ("jobs.shape",))
    return None
