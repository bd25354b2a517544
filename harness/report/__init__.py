"""One `RunReport` model and functions from it to files; the ledger that workers append to."""

from harness.report.declared import Declared, declare
from harness.report.files import read_report, write_report
from harness.report.fold import fold
from harness.report.model import SCHEMA_VERSION, RunReport
from harness.report.run_record import ConnectionRecord, EndRecord, LeftBehind, PlanRecord, RunRecord, plan_record

__all__ = [
    "SCHEMA_VERSION",
    "ConnectionRecord",
    "Declared",
    "EndRecord",
    "LeftBehind",
    "PlanRecord",
    "RunRecord",
    "RunReport",
    "declare",
    "fold",
    "plan_record",
    "read_report",
    "write_report",
]
