"""`golive record` and `golive replay`: the cases of `golive run`, kept in cassettes and played from them."""

import secrets
import shlex
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from harness.cli.run import worker_count
from harness.exit_status import ExitStatus

DEFAULT = Path("cassettes")


@click.command()
@click.argument("plans", nargs=-1, type=click.Path(path_type=Path), metavar="[PLAN]...")
@click.option("--target", default="emulator", metavar="TARGET", help="emulator (default), sandbox, production or URL.")
@click.option(
    "--into", default=DEFAULT, type=click.Path(path_type=Path), help="The cassette folder; default: cassettes."
)
@click.option("--platform", "platforms", multiple=True, metavar="P", help="Only this platform; may be repeated.")
@click.option("--resource", "resources", multiple=True, metavar="R", help="Only this resource; may be repeated.")
@click.option("--select", "areas", multiple=True, metavar="AREA", help="Only this area of cases; may be repeated.")
@click.option("--each-once", is_flag=True, help="Each resource on one platform only: enough for a repository.")
@click.option("--workers", default="auto", metavar="N|auto", help="Processes that prove cases; default: one per core.")
@click.option("--out", default="golive-report", type=click.Path(path_type=Path), help="Where the report goes.")
@click.option("--rate", metavar="500/10s|off", help="Rate budget of the run; default: what the target allows.")
@click.option("--seed", help="Decides the ids, keys and names that the run makes up; default: new for a live target.")
@click.option("--pseudonymise", is_flag=True, help="Replace personal data in bodies, the same value always alike.")
def record(plans: tuple[Path, ...], into: Path, out: Path, **choices: Any) -> ExitStatus:
    """Prove a target and keep every exchange, redacted, in cassettes.

    The cassettes are written when the run ended without an error of the harness.
    """
    from harness.cli.proving import prove
    from harness.pytest_plugin.cassettes import HEADER, header_of
    from harness.pytest_plugin.settings import RunSettings

    live = choices["target"] != "emulator"
    settings = RunSettings(
        mode="record",
        target=choices["target"],
        plans=tuple(str(path.resolve()) for path in plans),
        platforms=choices["platforms"],
        resources=choices["resources"],
        select=choices["areas"],
        each_once=choices["each_once"],
        out=str(out.resolve()),
        rate=choices["rate"],
        # A live target remembers the keys of earlier recordings, and would answer with what it made then.
        seed=choices["seed"] or (secrets.token_hex(8) if live else RunSettings().seed),
        clock=(datetime.now(UTC) + timedelta(hours=1)).isoformat() if live else None,
        pseudonymise=choices["pseudonymise"],
        cassettes=str(into.resolve()),
        settings_file=str(Path("golive.toml").resolve()),
        command=shlex.join(["golive", *sys.argv[1:]]),
    )
    # The groups of a live target share one world: side by side they would see what others create.
    workers = 1 if live else worker_count(choices["workers"])
    before = (into / HEADER).read_bytes() if (into / HEADER).is_file() else b""
    status = prove(settings, workers=workers, shown_as=out)
    if (into / HEADER).is_file() and (into / HEADER).read_bytes() != before:
        files = header_of(into)["files"]
        replaced = "; it replaces what was recorded there before" if before else ""
        click.echo(f"Recorded: {len(files):,} files in {into}{replaced}. To play them: golive replay --from {into}")
    return status


@click.command()
@click.argument("given", nargs=-1, type=click.Path(path_type=Path), metavar="[PLAN|FOLDER]...")
@click.option("--from", "source", type=click.Path(path_type=Path), help="The cassette folder; default: cassettes.")
@click.option("--workers", default="auto", metavar="N|auto", help="Processes that prove cases; default: one per core.")
@click.option("--out", default="golive-report", type=click.Path(path_type=Path), help="Where the report goes.")
def replay(given: tuple[Path, ...], source: Path | None, out: Path, workers: str) -> ExitStatus:
    """Play the recorded cases again, without network and credentials, and judge them as then.

    With PLAN (a .yaml file) only what that plan asks for. FOLDER is the cassette folder, as with --from.
    """
    from harness.cli.proving import prove
    from harness.pytest_plugin.collecting import Selection
    from harness.pytest_plugin.replaying import narrowed, replay_settings
    from harness.pytest_plugin.replays import told
    from harness.report.run_record import EndRecord

    plans = [path for path in given if path.suffix in {".yaml", ".yml"}]
    folders = [path for path in (*given, *filter(None, (source,))) if path not in plans]
    if len(folders) > 1:
        raise click.UsageError(f"one cassette folder at a time, not {' and '.join(map(str, folders))}")
    folder = folders[0] if folders else DEFAULT
    settings = replay_settings(folder, out=str(out.resolve()), command=shlex.join(["golive", *sys.argv[1:]]))
    if plans:
        settings = narrowed(settings, plans)
    status = prove(settings, workers=worker_count(workers), shown_as=out)
    for line in told(Selection(settings), str(out), datetime.now(UTC).date()):
        click.echo(line)
    end = EndRecord.load(settings.directory)
    if status is ExitStatus.INCONCLUSIVE and end is not None and end.doubts:
        click.echo(f"INCONCLUSIVE, not GO: {'; '.join(end.doubts)}")
    return status
