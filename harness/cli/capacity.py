"""`golive capacity`: does the rollout fit under the limits, stage by stage, and what has to change if not."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.exit_status import ExitStatus

if TYPE_CHECKING:
    from harness.plan.rollout import Rollout, Stage
    from harness.report.capacity import CapacityReport, CapacityStage


@click.command()
@click.option("--plan", "path", type=click.Path(path_type=Path), help="The rollout plan; default: plans/rollout.yaml.")
@click.option("--stage", "stages", multiple=True, metavar="S", help="Only this stage; may be repeated.")
@click.option("--connections", type=click.IntRange(1), help="Plan for so many connections instead of the plan's.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with pictures there.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def capacity(
    path: Path | None, stages: tuple[str, ...], connections: int | None, html: Path | None, as_json: bool
) -> ExitStatus:
    """Does the rollout fit under the limits? Requests, budget, sync times, headroom, and what to change.

    The exit code is 0 when every stage fits, 1 when one does not.
    """
    from harness.cli.rollout_plan import chosen_stages, read_plan
    from harness.report.atomic import write_text
    from harness.report.capacity import capacity_page

    plan = read_plan(path)
    if connections is not None:
        plan = plan.model_copy(update={"connections": connections, "growth": 1.0})
    report = _report(plan, chosen_stages(plan, stages))
    if html is not None:
        write_text(html, capacity_page(report))
    if as_json:
        click.echo(json.dumps(report.model_dump(mode="json"), indent=1))
    else:
        _show(report)
        if html is not None:
            click.echo(f"\nThe picture is in {html}")
    return ExitStatus.GO if all(stage.needs.feasible for stage in report.stages) else ExitStatus.NO_GO


def _report(plan: "Rollout", stages: tuple["Stage", ...]) -> "CapacityReport":
    from harness.report.capacity import CapacityReport
    from harness.rollout.demand import limit_of

    limit = limit_of(plan)
    return CapacityReport(
        plan=plan.rollout,
        title=plan.title,
        digest=plan.digest,
        limit=plan.limits.organisation,
        allowed=limit.allowed,
        safe=limit.safe,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        stages=tuple(_stage(plan, stage) for stage in stages),
    )


def _stage(plan: "Rollout", stage: "Stage") -> "CapacityStage":
    from harness.report.capacity import CapacityStage, SimulatedFlow
    from harness.rollout.capacity import plan_capacity
    from harness.rollout.demand import HOUR
    from harness.rollout.simulation import freshness, simulate_day

    played = simulate_day(plan, stage)
    return CapacityStage(
        needs=plan_capacity(plan, stage),
        freshness=freshness(plan, stage, played),
        simulated_hours=played.horizon / HOUR,
        flows=tuple(
            SimulatedFlow(
                name=name,
                requests=waits.requests,
                p50=waits.quantile(0.5),
                p95=waits.quantile(0.95),
                p99=waits.quantile(0.99),
                longest=waits.longest,
                ended_hour=waits.ended / HOUR,
                left=played.left[name],
                sent=tuple(played.used[name]),
                waiting=tuple(played.queued[name]),
            )
            for name, waits in played.waits.items()
        ),
    )


def _show(report: "CapacityReport") -> None:
    from harness.report.pages import span

    click.echo(f"{report.title}\nlimit {report.limit}, paced safely at {report.safe:.2f} requests per second\n")
    for shown in report.stages:
        stage = shown.needs
        click.secho(f"{stage.stage}: {stage.connections:,} connections, {stage.new:,} new", bold=True)
        click.echo(
            f"  budget   {stage.average_share:.1%} on average, {stage.peak_share:.1%} in the busiest hour, planned at "
            f"most {stage.planned_share:.0%}: headroom {stage.headroom:.1%}"
        )
        per_hour = ", ".join(f"{name} {value:,.0f}" for name, value in stage.peak.items() if value)
        click.echo(f"  requests per hour at peak: {per_hour}")
        for batch in stage.batches:
            click.echo(
                f"  batch    {batch.batch}: {batch.requests:,} requests, done after {span(batch.together)} when all "
                f"join at once (allowed {span(batch.allowed)})"
            )
        shortest = "no period" if stage.shortest_sync is None else f"every {span(stage.shortest_sync)}"
        age = "without bound" if shown.freshness is None else f"at most {span(shown.freshness)}"
        click.echo(
            f"  sync     every {span(stage.sync_every)}; the limit allows {shortest}; age of the data {age} "
            "(p95 over requests, simulated)"
        )
        when = "at any hour" if stage.backfill_at_peak else "outside the busiest hours only"
        click.echo(f"  backfill of one wave takes {span(stage.backfill_seconds)}, {when}")
        for problem in stage.infeasible:
            click.secho(f"  DOES NOT FIT: {problem.what}", fg="red")
            for number, change in enumerate(problem.changes):
                click.echo(f"    {'or ' if number else ''}{change}")
    click.echo(f"\n{'every stage fits' if all(stage.needs.feasible for stage in report.stages) else 'it does not fit'}")
