"""`golive fidelity A B`: how alike two targets answer."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from harness.exit_status import ExitStatus


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.argument("plans", nargs=-1, type=click.Path(path_type=Path), metavar="[PLAN]...")
@click.option("--platform", "platforms", multiple=True, metavar="P", help="Only this platform; may be repeated.")
@click.option("--resource", "resources", multiple=True, metavar="R", help="Only this resource; may be repeated.")
@click.option("--select", "areas", multiple=True, metavar="AREA", help="Only this area of cases; may be repeated.")
@click.option("--floor", default=0.95, type=click.FloatRange(0, 1), show_default=True, help="Least score that counts.")
@click.option("--out", default="golive-report", type=click.Path(path_type=Path), help="Where fidelity.json goes.")
def fidelity(a: str, b: str, plans: tuple[Path, ...], out: Path, floor: float, **choices: Any) -> ExitStatus:
    """Compare two targets: status, headers, shapes, order, error codes and laws, operation by operation.

    A and B are targets (emulator, sandbox, production, a URL) or directories of runs that were made already. Exit code
    0 when every operation reaches the floor. `golive report` on an emulated run in --out then refuses a go that rests
    on an operation below it.
    """
    from harness.report.fidelity import compare_runs

    runs = [_run_of(target, out / name, plans, choices) for target, name in ((a, "fidelity-a"), (b, "fidelity-b"))]
    record = compare_runs(*runs, floor=floor)
    for item in sorted(record.operations, key=lambda item: item.score):
        told = ", ".join(f"{name} {aspect.agreed}/{aspect.compared}" for name, aspect in item.aspects.items())
        click.echo(f"{item.score:7.1%}  {item.operation:<32} {told}")
        for name, aspect in item.aspects.items():
            for example in aspect.examples:
                click.echo(f"         {name}: {example}")
    click.echo(f"A: {record.a}\nB: {record.b}")
    click.echo(
        f"{record.score:.1%} over {len(record.operations)} operations in {record.cases} cases; "
        f"{len(record.below)} below the floor of {floor:.0%}. {record.save(out)}"
    )
    return ExitStatus.GO if record.operations and not record.below else ExitStatus.NO_GO


def _run_of(target: str, where: Path, plans: tuple[Path, ...], choices: dict[str, Any]) -> Path:
    """The directory of a run: the one that was named, or that of a run made now."""
    from harness.cli.proving import prove
    from harness.pytest_plugin.settings import RunSettings
    from harness.report.run_record import RUN_FILE

    if (Path(target) / RUN_FILE).exists():
        return Path(target)
    settings = RunSettings(
        target=target,
        plans=tuple(str(path.resolve()) for path in plans),
        platforms=choices["platforms"],
        resources=choices["resources"],
        select=choices["areas"],
        out=str(where.resolve()),
        settings_file=str(Path("golive.toml").resolve()),
        command=shlex.join(["golive", *sys.argv[1:]]),
    )
    prove(settings, workers=1, shown_as=where)
    return where
