"""`golive run`: from arguments to settings, from settings to a pytest process, from its ledger to the exit status."""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from harness.exit_status import ExitStatus

RATE = re.compile(r"off|[1-9]\d*/\d+(\.\d+)?s")


@click.command()
@click.argument("plans", nargs=-1, type=click.Path(path_type=Path), metavar="[PLAN]...")
@click.option(
    "--target", default="emulator", metavar="TARGET", help="emulator (default), sandbox, production or a URL."
)
@click.option("--platform", "platforms", multiple=True, metavar="P", help="Only this platform; may be repeated.")
@click.option("--resource", "resources", multiple=True, metavar="R", help="Only this resource; may be repeated.")
@click.option("--select", "areas", multiple=True, metavar="AREA", help="Only this area of cases; may be repeated.")
@click.option("--workers", default="auto", metavar="N|auto", help="Processes that prove cases; default: one per core.")
@click.option("--out", default="golive-report", type=click.Path(path_type=Path), help="Where the report goes.")
@click.option("--rate", metavar="500/10s|off", help="Rate budget of the run; default: what the target allows.")
@click.option(
    "--repeat", default=1, type=click.IntRange(1, 1000), metavar="N", help="Prove each case N times: pass rates."
)
@click.option("--no-cleanup", is_flag=True, help="Leave what the run creates on the target.")
@click.option(
    "--backend", default=None, metavar="FILE|none", help="Plan of an integration backend; default: plans/backend.yaml."
)
@click.option(
    "--await-edits",
    metavar="90min",
    help="A person edits in the platforms' software when told to; how long that may take.",
)
@click.option("--contract", type=click.Path(exists=True, dir_okay=False), help="A contract file to prove against.")
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="An injected wrong behaviour of the emulator "
              "or of the reference backend.")  # fmt: skip
@click.option(
    "--emulator-option", "options", multiple=True, metavar="NAME=VALUE", help="Emulator only: a setting of it."
)
def run(plans: tuple[Path, ...], out: Path, **choices: Any) -> ExitStatus:
    """Prove a target and give its verdict.

    Without PLAN all shipped plans are proven; without --target the emulator is started for the run.
    """
    options = pairs(choices["options"])
    if (options or choices["defects"]) and choices["target"] != "emulator":
        raise click.UsageError("--defect and --emulator-option work with --target emulator only")
    if choices["rate"] is not None and not RATE.fullmatch(choices["rate"]):
        raise click.UsageError(f'--rate "{choices["rate"]}" is not of the form 500/10s, and not off')
    workers = worker_count(choices["workers"])
    if choices["contract"]:
        from harness.contract.loader import use_contract

        use_contract(choices["contract"])

    from harness.cli.proving import prove
    from harness.pytest_plugin.settings import RunSettings

    settings = RunSettings(
        target=choices["target"],
        plans=tuple(str(path.resolve()) for path in plans),
        platforms=choices["platforms"],
        resources=choices["resources"],
        select=choices["areas"],
        out=str(out.resolve()),
        rate=choices["rate"],
        repeat=choices["repeat"],
        cleanup=not choices["no_cleanup"],
        defects=choices["defects"],
        emulator=options,
        settings_file=str(Path("golive.toml").resolve()),
        backend=backend_plan(choices["backend"]),
        await_edits=_patience(choices["await_edits"], choices["target"]),
        command=shlex.join(["golive", *sys.argv[1:]]),
    )
    return prove(settings, workers=workers, shown_as=out)


def _patience(given: str | None, target: str) -> float:
    """Seconds that a person has; 0 without one."""
    from harness.plan.rollout import seconds

    if given is not None and target == "emulator":
        raise click.UsageError("--await-edits needs a --target: in the emulator of a run, golive edits by itself")
    return 0.0 if given is None else seconds(given)


def backend_plan(given: str | None) -> str:
    """The path of the plan of a backend; empty when none is to be proven, or when the shipped file is gone."""
    from harness.plan.backend import BACKEND

    if given is None:
        return str(BACKEND) if BACKEND.is_file() else ""
    return "" if given == "none" else str(Path(given).resolve())


def pairs(options: tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE` of every `--emulator-option`."""
    found = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name:
            raise click.UsageError(f'--emulator-option "{option}" is not of the form NAME=VALUE')
        found[name] = value
    return found


def worker_count(text: str) -> int:
    """`auto` or a number as a number; a usage error otherwise."""
    if text == "auto":
        # The cores this process may use, not those the machine has.
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 64:
        raise click.UsageError(f'--workers "{text}" is neither auto nor a number from 1 to 64')
    return int(text)
