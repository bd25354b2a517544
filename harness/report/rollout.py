"""`RolloutReport`: what the load test ahead of a stage measured and decided, as one versioned model, and its page."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from harness.core import Strength
from harness.core.measurement import GateResult, GateState, StageOutcome
from harness.errors import StorageError
from harness.exit_status import ExitStatus
from harness.report.atomic import write_text
from harness.report.charts import Line, line_chart, stacked_chart
from harness.report.pages import page
from harness.report.rollout_ledger import REPORT_FILE
from harness.report.surface import Model

SCHEMA_VERSION = "1.0"
WORDS = {
    StageOutcome.PROMOTE: "Promote",
    StageOutcome.HOLD: "Hold",
    StageOutcome.ROLL_BACK: "Roll back",
    StageOutcome.INVALID: "Invalid",
}
TONES = {
    StageOutcome.PROMOTE: "go",
    StageOutcome.HOLD: "no_go",
    StageOutcome.ROLL_BACK: "no_go",
    StageOutcome.INVALID: "inconclusive",
}
SYMBOLS = {"go": "✓", "no_go": "✕", "inconclusive": "?"}
MARKS = {
    GateState.HELD: "go",
    GateState.LOST: "no_go",
    GateState.UNDECIDED: "inconclusive",
    GateState.NOT_RUN: "inconclusive",
}


class ScenarioRow(Model):
    """What a scenario asks for in its worst moment, what was played of it, and why less when it was none."""

    scenario: str
    of: str
    wanted: int
    played: int
    note: str = ""


class ClassRow(Model):
    """One endpoint class. Times in seconds: from the intended start, and from the send (`service`)."""

    of: str
    planned: int
    sent: int
    answered: int
    errors: int
    limited: int
    platform_limited: int
    in_flight: int
    unsent: int
    p50: float | None
    p95: float | None
    p99: float | None
    longest: float | None
    service_p50: float | None
    service_p99: float | None


class SecondRow(Model):
    """One second of the test. `budget` is the share of the limit used in the window that ends with it."""

    second: int
    planned: float
    sent: int
    arrived: int | None
    errors: int
    limited: int
    p50: float | None
    p99: float | None
    budget: float | None
    waiting: int
    open: int


class Comparison(Model):
    """A figure of the simulation beside the measured one. `within` tells whether they agree within 10 %."""

    what: str
    simulated: float
    measured: float
    within: bool


class RolloutReport(Model):
    """The load test ahead of one stage."""

    schema_version: str = SCHEMA_VERSION
    golive: str
    command: str
    plan: str
    title: str
    digest: str
    stage: str
    connections: int
    played_over: dict[str, int]
    target: str
    base_url: str
    strength: Strength
    backend: str | None
    backend_version: str
    workers: int
    started_at: str
    seconds: float
    elapsed: float
    outcome: StageOutcome
    exit_status: ExitStatus
    reasons: tuple[str, ...]
    next: tuple[str, ...]
    gates: tuple[GateResult, ...]
    invalid: tuple[str, ...]
    problems: tuple[str, ...]
    scenarios: tuple[ScenarioRow, ...]
    classes: tuple[ClassRow, ...]
    errors: dict[str, int]
    blame: tuple[str, ...]
    limit: str
    safe_share: float
    busiest_share: float | None
    busiest_second: int
    arrived_second: int | None
    lateness_p99: float | None
    cpu: dict[str, float]
    comparisons: tuple[Comparison, ...]
    timeline: tuple[SecondRow, ...]
    backlog: tuple[tuple[float, int], ...]


def write_rollout_report(report: RolloutReport, folder: Path) -> str:
    """Write `report.json` and `report.html`; the SHA-256 of the former, in hex. StorageError when the disk refuses."""
    text = report.model_dump_json(indent=1) + "\n"
    write_text(folder / REPORT_FILE, text)
    write_text(folder / "report.html", rollout_page(report))
    return hashlib.sha256(text.encode()).hexdigest()


def read_rollout_report(folder: Path) -> RolloutReport:
    """Read `report.json` back; StorageError when it is missing or damaged."""
    path = folder / REPORT_FILE
    try:
        return RolloutReport.model_validate_json(path.read_bytes())
    except OSError as error:
        raise StorageError(f"{path}: cannot read: {error.strerror or error}") from error
    except ValidationError as error:
        raise StorageError(f"{path}: damaged or of another schema than {SCHEMA_VERSION}") from error


def rollout_page(report: RolloutReport) -> str:
    """The self-contained page."""
    tone = TONES[report.outcome]
    return page(
        "rollout.html.j2",
        report=report,
        word=WORDS[report.outcome],
        tone=tone,
        symbol=SYMBOLS[tone],
        marks=MARKS,
        symbols=SYMBOLS,
        charts={"all": _charts(report)},
    )


def _charts(report: RolloutReport) -> tuple[str, ...]:
    rows = report.timeline
    charts = [
        line_chart(
            [
                Line("plan", _points(rows, "planned"), "plan"),
                Line("sent", _points(rows, "sent"), "c0"),
                Line("arrived", _points(rows, "arrived"), "c1"),
                Line("errors", _points(rows, "errors"), "c4"),
            ],
            title="Arrival rate against plan", x_label="seconds", y_label="requests per second",
        ),
        line_chart(
            [
                Line("p99", [(x, y * 1000) for x, y in _points(rows, "p99")], "c2"),
                Line("p50", [(x, y * 1000) for x, y in _points(rows, "p50")], "c0"),
            ],
            title="Latency from the intended start", x_label="seconds", y_label="milliseconds",
        ),
        line_chart(
            [
                Line("used", [(x, y * 100) for x, y in _points(rows, "budget")], "c0"),
                Line("limit", [(float(row.second), 100.0) for row in rows], "limit"),
            ],
            title="Use of the rate budget, sliding window", x_label="seconds", y_label="% of the limit",
        ),
        stacked_chart(
            [Line("in flight", _points(rows, "open"), "c0"), Line("waiting", _points(rows, "waiting"), "c2")],
            title="Requests in flight and waiting", x_label="seconds", y_label="requests",
        ),
    ]  # fmt: skip
    if report.backlog:
        charts.append(
            line_chart([Line("backlog", [(x, float(y)) for x, y in report.backlog], "c3")],
                       title="Webhooks waiting in the backend", x_label="seconds", y_label="webhooks")
        )  # fmt: skip
    return tuple(charts)


def _points(rows: Sequence[SecondRow], name: str) -> list[tuple[float, float]]:
    values = [(float(row.second), getattr(row, name)) for row in rows]
    return [(second, float(value)) for second, value in values if value is not None]
