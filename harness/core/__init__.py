"""Frozen values that every other package speaks in: exchange, evidence, finding, verdict. No I/O here."""

from harness.core.clock import Clock, SystemClock, iso_utc
from harness.core.evidence import Evidence
from harness.core.exchange import Exchange, Request, Response, TransportProblem
from harness.core.finding import Finding, Severity
from harness.core.redaction import Redactor, Secret
from harness.core.verdict import CaseOutcome, Strength, Verdict

__all__ = [
    "CaseOutcome",
    "Clock",
    "Evidence",
    "Exchange",
    "Finding",
    "Redactor",
    "Request",
    "Response",
    "Secret",
    "Severity",
    "Strength",
    "SystemClock",
    "TransportProblem",
    "Verdict",
    "iso_utc",
]
