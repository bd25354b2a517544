"""`golive gauntlet`: right and wrong webhooks at a receiver, and what it does wrong."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from harness.exit_status import ExitStatus

MARKS = {"passed": "ok", "failed": "WRONG", "undecided": "?"}
STATUS = {"go": ExitStatus.GO, "no_go": ExitStatus.NO_GO, "inconclusive": ExitStatus.INCONCLUSIVE}


@click.command()
@click.option("--url", required=True, metavar="URL", help="Where the receiver takes webhooks.")
@click.option(
    "--secret-env", required=True, metavar="NAME", help="Variable that holds the client secret it verifies with."
)
@click.option("--new-secret-env", metavar="NAME", help="Variable with the second secret it accepts during a rotation.")
@click.option("--observe", metavar="URL", help="Address that shows stored events as JSON; {mark}: the connection id.")
@click.option("--events", multiple=True, metavar="TYPE", help="Only this event type; may be repeated. Default: all.")
@click.option("--burst", default=5_000, show_default=True, type=click.IntRange(1, 50_000), help="Events at once.")
@click.option("--slow-seconds", default=10.0, show_default=True, help="How long the slow sender takes.")
@click.option("--prompt-seconds", default=5.0, show_default=True, help="Within what an event is to be acknowledged.")
@click.option("--patience", default=30.0, show_default=True, help="Seconds until a stored event must be shown.")
@click.option("--restart", metavar="COMMAND", help="Kills the receiver with -9 and starts it again; needs --observe.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Also write the report as JSON.")
@click.option("--i-know-this-is-live", "live", is_flag=True, help="Needed for a receiver that is not on this machine.")
def gauntlet(url: str, secret_env: str, new_secret_env: str | None, observe: str | None, **choices: Any) -> ExitStatus:
    """Fire right and wrong webhooks at a receiver; score each scenario and name what is at fault."""
    from harness.contract import load_contract
    from harness.core import SystemClock
    from harness.gauntlet import Plan, Receiver, run_gauntlet

    new = _secret(new_secret_env) if new_secret_env else None
    receiver = Receiver(url, _secret(secret_env), SystemClock(), new, observe)
    try:
        if not receiver.is_loopback and not choices["live"]:
            raise click.UsageError(f"{url} is not on this machine; add --i-know-this-is-live to fire at it")
        plan = Plan(choices["events"], choices["burst"], choices["slow_seconds"], choices["prompt_seconds"],
                    choices["patience"], restart=_restarting(choices["restart"]))  # fmt: skip
        report = run_gauntlet(receiver, plan, load_contract(), told=_told)
    finally:
        receiver.close()
    _show(report, choices["out"])
    return STATUS[str(report.verdict)]


def _restarting(command: str | None) -> Callable[[], None] | None:
    """What runs the user's own command; None without one."""
    if command is None:
        return None

    def restart() -> None:
        try:
            subprocess.run(shlex.split(command), check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the user's own
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise click.UsageError(f"--restart: {error}") from error

    return restart


def _secret(name: str) -> Any:
    from harness.core import Secret
    from harness.errors import CredentialError

    value = os.environ.get(name)
    if not value:
        raise CredentialError(f"{name} is not set. Export the secret that the receiver verifies with under this name")
    return Secret(value)


def _told(result: Any) -> None:
    share = "" if result.score is None else f"{result.right}/{result.shots}"
    click.echo(f"{MARKS[str(result.standing)]:<6} {result.id:<20} {share:>12}  {result.title}: {result.seen}")
    if result.standing == "failed":
        click.echo(f"       expected: {result.expected}")
        for text in result.culprits[:1]:
            click.echo(f"       {text[:400]}")
    elif result.remedy:
        click.echo(f"       {result.remedy}")


def _show(report: Any, out: Path | None) -> None:
    from harness.errors import StorageError
    from harness.gauntlet.running import dumps

    score = "nothing decided" if report.score is None else f"{report.score:.0%}"
    click.echo(
        f"\n{str(report.verdict).upper()}  {score} of {len(report.decided)} decided scenarios, {report.shots:,} shots"
    )
    for fault in report.faults:
        click.echo(f"\n  {fault.id}: {fault.message}\n    {fault.remedy}")
    if out is not None:
        try:
            out.write_text(dumps(report), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{out}: cannot write: {error.strerror or error}. Choose another --out") from error
        click.echo(f"\nReport: {out}")
