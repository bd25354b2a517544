"""`golive verify DIR`: recompute a verdict from its evidence, offline."""

from pathlib import Path

import click

from harness.exit_status import ExitStatus


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path("golive-report"))
@click.option("--seal", metavar="HASH", help="The seal that the run printed; notices a directory made anew as a whole.")
def verify(directory: Path, seal: str | None) -> ExitStatus:
    """Recompute the verdict of a run from its evidence, and say when anything was altered.

    Offline. The exit code is that of the verdict as it stands today; 4 when something was altered.
    """
    from harness.core import SystemClock
    from harness.report.summary import WORDS
    from harness.report.verifying import verify_run

    found = verify_run(directory, now=SystemClock().now(), seal=seal)
    recorded = found.recorded.verdict
    if found.flaws or found.now is None:
        click.echo(f"ALTERED  {directory} is not what the run left behind:")
        for flaw in found.flaws:
            click.echo(f"  • {flaw}")
        return ExitStatus.HARNESS_ERROR
    click.echo(f"HOLDS  {found.lines:,} lines of evidence are chained and complete; recomputed from them:")
    click.echo(f"{WORDS[recorded.verdict]} of {found.recorded.folded_at}, seal {found.recorded.seal}")
    if seal is None:
        click.echo("Only with --seal HASH, as the run printed it, can this tell a directory that was made anew.")
    today = found.now.verdict
    if today.verdict is not recorded.verdict:
        click.echo(f"Today it is {WORDS[today.verdict]}: {today.reasons[0]}")
    return today.exit_status
