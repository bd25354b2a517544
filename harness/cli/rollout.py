"""`golive rollout`: the load test ahead of a stage, and what it says: promote, hold or roll back."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from harness.cli.run import pairs
from harness.exit_status import ExitStatus


@click.command()
@click.argument("stage", required=False)
@click.option("--all", "everything", is_flag=True, help="Every stage in its order, until one is not promoted.")
@click.option("--plan", "path", type=click.Path(path_type=Path), help="The rollout plan; default: plans/rollout.yaml.")
@click.option(
    "--target", default="emulator", metavar="TARGET", help="emulator (default), sandbox, production or a URL."
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Generating processes.")
@click.option(
    "--seconds",
    type=click.FloatRange(2, 3600),
    help="Play so long instead of the plan's time; less than that promotes nothing.",
)
@click.option(
    "--backend",
    metavar="URL|reference",
    help="An integration backend that takes part (harness/rollout/backend.py says how), or the reference backend, "
    "started for an emulator.",
)
@click.option("--backend-version", metavar="TEXT", help="Its version for the ledger; default: what it says.")
@click.option(
    "--budget",
    metavar="FILE|redis://...#KEY|postgresql://...#KEY",
    help="Where the rate budget is shared; default: a file of this machine.",
)
@click.option("--out", default="golive-rollout", type=click.Path(path_type=Path), help="Reports and the ledger.")
@click.option("--i-know-this-is-live", "live", is_flag=True, help="Needed for a target that is no emulator.")
@click.option("--live-writes", is_flag=True, help="Also create objects on a live target; nothing deletes them.")
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="Emulator only: an injected wrong behaviour.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME:...",
    help="Emulator only: a bad world, such as stall:p=0.02,seconds=1.",
)
@click.option(
    "--emulator-option", "options", multiple=True, metavar="NAME=VALUE", help="Emulator only: a setting of it."
)
@click.option("--rehearse", is_flag=True, help="First run the stage's rollback command, and time it.")
@click.option(
    "--abuse", "abuse", multiple=True, metavar="KIND=NUMBER", help="Emulated only: webhooks go wrong: drop=0.01."
)
def rollout(stage: str | None, everything: bool, path: Path | None, **choices: Any) -> ExitStatus:
    """Load-test a STAGE before it begins, under the API's rate limit, and decide: promote, hold or roll back.

    A stage starts only when the one before it was promoted on the same version of plan and backend. Exit codes: 0
    promote, 1 hold or roll back, 2 too little data or a load generator that was too weak.
    """
    from harness.cli.rolling import RollSettings, roll
    from harness.cli.rollout_plan import chosen_stages, read_plan
    from harness.cli.stopping import stopped_like_ctrl_c
    from harness.emulator.defects import chosen
    from harness.emulator.faults import parse

    if (stage is None) is not everything:
        raise click.UsageError("name one STAGE, or --all")
    emulated = choices["target"] == "emulator"
    if (choices["options"] or choices["defects"] or choices["faults"]) and not emulated:
        raise click.UsageError("--defect, --fault and --emulator-option work with --target emulator only")
    if choices["backend"] == "reference" and not emulated:
        raise click.UsageError("--backend reference works with --target emulator only; give the URL of one that runs")
    chosen(choices["defects"])  # a wrong name is told before anything starts
    for text in choices["faults"]:
        parse(text)
    plan = read_plan(path)
    settings = RollSettings(
        out=choices["out"].resolve(),
        target=choices["target"],
        command=shlex.join(["golive", *sys.argv[1:]]),
        workers=choices["workers"],
        play=choices["seconds"],
        live=choices["live"],
        live_writes=choices["live_writes"],
        backend=choices["backend"],
        backend_version=choices["backend_version"],
        slots=choices["budget"],
        rehearse=choices["rehearse"],
        defects=choices["defects"],
        faults=choices["faults"],
        emulator=pairs(choices["options"]),
        abuse={name: _number(name, text) for name, text in pairs(choices["abuse"]).items()},
        say=lambda line: click.echo(f"golive: {line}", err=True),
    )
    status = ExitStatus.GO
    for each in chosen_stages(plan, (stage,) if stage else ()):
        with stopped_like_ctrl_c():
            report = roll(plan, each, settings)
        _show(report, choices["out"])
        status = report.exit_status
        if status is not ExitStatus.GO:
            break
    return status


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.UsageError(f'--abuse {name}={text}: "{text}" is no number') from None


def _show(report: Any, out: Path) -> None:
    from harness.report.rollout import WORDS

    colour = {ExitStatus.GO: "green", ExitStatus.NO_GO: "red"}.get(report.exit_status, "yellow")
    click.secho(f"\n{report.stage}: {WORDS[report.outcome].upper()}", fg=colour, bold=True)
    for reason in report.reasons:
        click.echo(f"  {reason}")
    for gate in report.gates:
        click.echo(f"  {str(gate.state).replace('_', ' '):<10} {gate.gate:<32} {gate.seen}")
    share = "-" if report.busiest_share is None else f"{report.busiest_share:.1%}"
    click.echo(f"  busiest window {share} of {report.limit}; {report.elapsed:.0f} s in all")
    for line in (*report.blame, *report.next):
        click.echo(f"  -> {line}")
    click.echo(f"  {out / _folder(report) / 'report.html'}")


def _folder(report: Any) -> str:
    from datetime import datetime

    return f"{report.stage}-{datetime.fromisoformat(report.started_at):%Y%m%dT%H%M%SZ}"
