"""The capacity report: what each stage of a rollout needs, as a model, and the page made of it."""

from collections.abc import Sequence

from harness.core.capacity import StageCapacity
from harness.report.charts import Line, stacked_chart
from harness.report.pages import page
from harness.report.surface import Model

SCHEMA_VERSION = "2"
TONES = ("c2", "c0", "c1", "c3", "c5", "c4")


class SimulatedFlow(Model):
    """One kind of traffic in the simulated days. Waits for the rate budget in seconds; `ended_hour` when its last
    request was sent, in hours from midnight of the first day; `left` requests still waiting at the end.
    `sent` and `waiting` are per quarter of an hour."""

    name: str
    requests: int
    p50: float | None
    p95: float | None
    p99: float | None
    longest: float
    ended_hour: float
    left: int
    sent: tuple[float, ...]
    waiting: tuple[float, ...]


class CapacityStage(Model):
    """One stage: what it `needs` by arithmetic, and its simulated days. `freshness` in seconds, None: without bound."""

    needs: StageCapacity
    freshness: float | None
    simulated_hours: float
    flows: tuple[SimulatedFlow, ...]


class CapacityReport(Model):
    """All stages of a plan that were asked for. `allowed` requests per second by the limit, `safe` by the pace."""

    schema_version: str = SCHEMA_VERSION
    plan: str
    title: str
    digest: str
    limit: str
    allowed: float
    safe: float
    made_at: str
    stages: tuple[CapacityStage, ...]


def capacity_page(report: CapacityReport) -> str:
    """The self-contained page."""
    return page(
        "capacity.html.j2", report=report, charts={stage.needs.stage: _charts(stage, report) for stage in report.stages}
    )


def _charts(stage: CapacityStage, report: CapacityReport) -> tuple[str, str]:
    hours = [(index + 1) / 4 for index in range(len(stage.flows[0].sent) if stage.flows else 0)]
    usable = report.safe * stage.needs.planned_share
    limits = (
        Line("limit", [(hour, report.allowed) for hour in hours], "limit"),
        Line("planned share", [(hour, usable) for hour in hours], "plan"),
    )
    used = stacked_chart(
        _lines(stage, hours, [[count / 900 for count in flow.sent] for flow in stage.flows]),
        limits,
        title=f"Use of the rate budget in stage {stage.needs.stage}",
        x_label="hours",
        y_label="requests per second",
    )
    waiting = stacked_chart(
        _lines(stage, hours, [flow.waiting for flow in stage.flows]),
        title=f"Requests that wait for the rate budget in stage {stage.needs.stage}",
        x_label="hours",
        y_label="requests waiting",
    )
    return used, waiting


def _lines(stage: CapacityStage, hours: Sequence[float], values: Sequence[Sequence[float]]) -> list[Line]:
    return [
        Line(flow.name.replace("_", " "), list(zip(hours, column, strict=True)), TONES[index % len(TONES)])
        for index, (flow, column) in enumerate(zip(stage.flows, values, strict=True))
    ]
