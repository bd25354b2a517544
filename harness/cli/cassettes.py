"""`golive cassettes`: are they safe to check in, do they notice changes, are they still true."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from harness.exit_status import ExitStatus

DEFAULT = "cassettes"
MOST_SHOWN = 40
FOLDER = click.argument("folder", type=click.Path(path_type=Path), default=Path(DEFAULT))


@click.group()
def cassettes() -> None:
    """Audit, measure, compare and convert cassettes."""


@cassettes.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--allow", multiple=True, metavar="TEXT", help="A text that is known to be no secret; may be repeated.")
def audit(paths: tuple[Path, ...], allow: tuple[str, ...]) -> ExitStatus:
    """Look for secrets in files and folders (default: cassettes): by their shape, by where they stand, and for the
    configured credentials in any encoding. Exit 1 when one is found."""
    from harness.cli.secrets import configured
    from harness.recording.audit import audit as search

    leaks = search(paths or (Path(DEFAULT),), configured(), allow)
    for leak in leaks[:MOST_SHOWN]:
        click.echo(f"{leak.where}: {leak.kind}: {leak.shown}")
    if leaks:
        click.echo(f"{len(leaks):,} texts look like secrets. Record again; --allow TEXT for what is none.")
        return ExitStatus.NO_GO
    click.echo("No text looks like a secret.")
    return ExitStatus.GO


@cassettes.command()
@FOLDER
@click.option("--floor", default=1.0, type=click.FloatRange(0, 1), help="Least share of changes noticed; default: 1.")
@click.option("--all/--weak", "every", default=True, help="Show every case (default), or only the weak ones.")
@click.option("--out", default="golive-report", type=click.Path(path_type=Path), help="Where strength.json goes.")
def strength(folder: Path, floor: float, every: bool, out: Path) -> ExitStatus:
    """Change each recorded request in one way at a time, and demand that a replay notices. Exit 1 below the floor.

    The checklist has a floor of its own for strength.json: golive report shows its line.
    """
    from harness.pytest_plugin.strengths import record_of, scores_of

    scores = scores_of(folder)
    for score in scores:
        if every or score.share < 1:
            click.echo(f"{score.share:7.2%}  {score.case}")
        for text in [*score.answered, *score.lost]:
            click.echo(f"         not noticed: {text}")
    at_once, late = sum(score.missed for score in scores), sum(score.late for score in scores)
    answered, controls = sum(len(score.answered) for score in scores), sum(score.controls for score in scores)
    lost = sum(len(score.lost) for score in scores)
    tried = at_once + late + answered
    click.echo(
        f"{tried:,} changed requests in {len(scores):,} cases: {at_once:,} missed at once, {late:,} later in the case, "
        f"{answered:,} not noticed; {controls:,} with other order of keys, {lost:,} of them lost. "
        f"Strength {(at_once + late) / max(tried, 1):.2%}, floor {floor:.2%}."
    )
    record = record_of(folder, scores)
    if record is not None:
        out.mkdir(parents=True, exist_ok=True)
        click.echo(f"For the checklist: {record.save(out)}")
    return ExitStatus.NO_GO if lost or (at_once + late) < floor * tried else ExitStatus.GO


@cassettes.command()
@FOLDER
@click.option("--report", default="golive-report", type=click.Path(path_type=Path), help="That of the last replay.")
@click.option("--live", metavar="TARGET", help="Read the recorded lists from a target again: sandbox, production, URL.")
@click.option(
    "--ignore", multiple=True, metavar="KIND:PATH", help="With --live: gone, new, type, null or *, and fields."
)
def drift(folder: Path, report: Path, live: str | None, ignore: tuple[str, ...]) -> ExitStatus:
    """Tell stale, orphaned, missing, unplayed and expired recordings apart. Exit 1 for all that is no warning."""
    from harness.drive import resolve_target
    from harness.pytest_plugin.aging import drifted
    from harness.pytest_plugin.live_drift import ignore_of, live_drift
    from harness.recording.drift import unplayed

    rules = [ignore_of(text) for text in ignore]
    found = [*drifted(folder, datetime.now(UTC).date()), *unplayed(report)]
    if live is not None:
        target = resolve_target(live, environ=os.environ, settings_file=Path("golive.toml"))
        found += live_drift(folder, target, rules)
    for item in found[:MOST_SHOWN]:
        click.echo(f"{'error' if item.fails else 'warning'}: {item.kind}: {item.where}: {item.told}")
    if len(found) > MOST_SHOWN:
        click.echo(f"and {len(found) - MOST_SHOWN:,} more")
    kinds = {kind: sum(item.kind == kind for item in found) for kind in dict.fromkeys(item.kind for item in found)}
    click.echo(", ".join(f"{count:,} {kind}" for kind, count in kinds.items()) or "Nothing has drifted.")
    return ExitStatus.NO_GO if any(item.fails for item in found) else ExitStatus.GO


@cassettes.command()
@click.argument("report", type=click.Path(path_type=Path), default=Path("golive-report"))
@click.option("--into", type=click.Path(path_type=Path), required=True, help="The cassette folder.")
def recover(report: Path, into: Path) -> ExitStatus:
    """Write what a recording that crashed had kept until then. REPORT is its --out; default: golive-report.

    A replay plays the cases that had ended, and is never GO.
    """
    from harness.pytest_plugin.keeping import recover as write

    interactions, cases = write(report, into)
    click.echo(f"{interactions:,} interactions, {cases:,} cases that had ended, in {into}. Record again for the rest.")
    return ExitStatus.GO


@cassettes.command()
@click.argument("cassette", type=click.Path(path_type=Path))
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file, .yaml or .json."
)
@click.option("--base-url", default="https://production.rutterapi.com/versioned", help="What requests are relative to.")
def export(cassette: Path, output: Path, base_url: str) -> ExitStatus:
    """Write a cassette as a standard vcrpy one: YAML, or JSON by the name of the output."""
    from harness.recording import Shelf
    from harness.recording.vcr_yaml import JSON, to_vcr

    library = Shelf(cassette.parent.parent).open(cassette)
    items = [library.interaction(chapter, place) for chapter, places in library.chapters.items() for place in places]
    _write(output, to_vcr(items, base_url, as_json=output.suffix == JSON))
    silent = sum(item.answered.status is None for item in items)
    told = f"; {silent:,} requests without an answer have no place there" if silent else ""
    click.echo(f"{len(items) - silent:,} interactions in {output}{told}")
    return ExitStatus.GO


@cassettes.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The cassette.")
@click.option("--base-url", default="https://production.rutterapi.com/versioned", help="What requests are relative to.")
def import_(file: Path, output: Path, base_url: str) -> ExitStatus:
    """Read a standard vcrpy cassette (YAML, or .json), redact it, and write it as a cassette."""
    from harness.cli.secrets import redactor
    from harness.recording import write_cassette
    from harness.recording.vcr_yaml import GROUP, from_vcr

    items = from_vcr(file, redactor(), base_url)
    header: dict[str, Any] = {"group": GROUP, "recorded_on": datetime.now(UTC).date().isoformat(), "cases": []}
    write_cassette(output, header, items)
    click.echo(f"{len(items):,} interactions in {output}")
    return ExitStatus.GO


def _write(path: Path, text: str) -> None:
    from harness.errors import StorageError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path}: cannot write: {error.strerror or error}") from error
