"""Frozen values that every other package speaks in: exchange, evidence, finding, verdict. No I/O here."""

from harness.core.addresses import on_loopback
from harness.core.clock import Clock, SystemClock, iso_utc
from harness.core.evidence import Evidence
from harness.core.exchange import Exchange, Request, Response, TransportProblem
from harness.core.finding import Finding, Severity
from harness.core.redaction import Redactor
from harness.core.script import FreeScript, Script, SeededScript
from harness.core.secrets import Secret
from harness.core.verdict import CaseOutcome, Strength, Verdict

__all__ = [
    "CaseOutcome",
    "Clock",
    "Evidence",
    "Exchange",
    "Finding",
    "FreeScript",
    "Redactor",
    "Request",
    "Response",
    "Script",
    "Secret",
    "SeededScript",
    "Severity",
    "Strength",
    "SystemClock",
    "TransportProblem",
    "Verdict",
    "iso_utc",
    "on_loopback",
]
