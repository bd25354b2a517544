"""`golive report DIR`: fold a run again, for instance after an attestation was added."""

from pathlib import Path

import click

from harness.exit_status import ExitStatus


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path("golive-report"))
def report(directory: Path) -> ExitStatus:
    """Fold the evidence of a run again and write its report. The exit code is that of the verdict."""
    from harness.cli.show import show
    from harness.core import SystemClock
    from harness.report import write_report

    return show(write_report(directory, now=SystemClock().now()), directory)
