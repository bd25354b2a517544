"""`golive cleanup DIR`: delete what an earlier run created and could not delete itself."""

import os
import secrets
from pathlib import Path

import click

from harness.contract import load_contract
from harness.core import SystemClock
from harness.drive import Session, Target, discover, resolve_target
from harness.drive.journal import NAME, Remains, standing
from harness.exit_status import ExitStatus
from harness.report import EndRecord, LeftBehind, RunRecord


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path("golive-report"))
def cleanup(directory: Path) -> ExitStatus:
    """Delete what the run in DIRECTORY left behind on its target: only what that run itself created."""
    record = RunRecord.load(directory)
    journals = sorted((directory / "workers").glob(f"*/{NAME}"))
    created = {path.parent.name: standing(path) for path in journals}
    count = sum(len(items) for items in created.values())
    if not count:
        click.echo("Nothing was left behind.")
        return ExitStatus.GO
    if record.target == "emulator":
        click.echo(f"{count} objects were left in the run's own emulator, which is gone with them.")
        return ExitStatus.GO
    target = resolve_target(record.target, environ=os.environ, settings_file=Path("golive.toml"))
    remains: list[Remains] = []
    platforms = {item.platform for items in created.values() for item in items}
    for worker, items in created.items():
        if items:
            remains += _clean(directory, worker, target, tuple(sorted(platforms)))
    for item in remains:
        click.echo(f"remains: {item.platform} {item.resource} {item.id or '(unknown id)'}: {item.why}")
    click.echo(f"{count - len(remains)} of {count} objects deleted.")
    _tell(directory, remains)
    return ExitStatus.HARNESS_ERROR if remains else ExitStatus.GO


def _clean(directory: Path, worker: str, target: Target, platforms: tuple[str, ...]) -> list[Remains]:
    """Delete what one worker of the run created; return what remains."""
    session = Session(
        discover(target, platforms),
        load_contract(),
        requirements={},
        # The run's evidence is closed and chained; these deletes judge nothing and stay out of it.
        record=lambda _evidence: None,
        directory=directory,
        worker=worker,
        redaction_key=secrets.token_bytes(16),
        clock=SystemClock(),
    )
    try:
        return session.cleanup()
    finally:
        session.close()


def _tell(directory: Path, remains: list[Remains]) -> None:
    """Write what remains into `end.json`, so that the next report of the run says it."""
    end = EndRecord.load(directory)
    if end is not None:
        left = tuple(
            LeftBehind(platform=item.platform, resource=item.resource, id=item.id, why=item.why, case=item.case)
            for item in remains
        )
        end.model_copy(update={"left_behind": left}).save(directory)
        click.echo(f"The report still shows the state before: golive report {directory}")
