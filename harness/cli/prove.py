"""`golive prove`: would the plans notice what could be wrong?"""

from pathlib import Path
from typing import Any

import click

from harness.exit_status import ExitStatus


@click.command()
@click.argument("plans", nargs=-1, type=click.Path(path_type=Path), metavar="[PLAN]...")
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="Only this defect; may be repeated.")
@click.option("--platform", "platforms", multiple=True, metavar="P", help="Only this platform; may be repeated.")
@click.option("--workers", default="auto", metavar="N|auto", help="Benches at once; default: one per core.")
@click.option("--thorough", is_flag=True, help="Go on until every check that a defect names has noticed it.")
@click.option("--quick", is_flag=True, help="Without defects, run only the cases that could notice one.")
@click.option("--no-advice", is_flag=True, help="Do not look for what would catch the missed ones.")
@click.option("--floor", default=1.0, type=click.FloatRange(0, 1), show_default=True, help="Share that must be caught.")
@click.option("--out", default="golive-report", type=click.Path(path_type=Path), help="Where proof.json goes.")
def prove(plans: tuple[Path, ...], out: Path, floor: float, **choices: Any) -> ExitStatus:
    """Prove the plans: switch on each defect of the emulator, one at a time, and see whether they notice.

    A defect is caught when a finding that votes names its place and its area. What slips through is listed with the
    piece of a plan that would catch it. Exit code 0: the floor is reached and nothing is found without a defect.
    """
    from harness.cli.proof_table import print_proof
    from harness.cli.run import worker_count
    from harness.core import SystemClock
    from harness.proving import ProveOrder
    from harness.proving import prove as prove_plans

    order = ProveOrder(
        plans=plans,
        platforms=choices["platforms"],
        defects=choices["defects"],
        workers=worker_count(choices["workers"]),
        thorough=choices["thorough"],
        clean=not choices["quick"],
        advice=not choices["no_advice"],
    )
    record = prove_plans(order, clock=SystemClock(), tell=_tell)
    where = record.save(out)
    print_proof(record, floor, where)
    return ExitStatus.GO if record.score >= floor and not record.false_alarms else ExitStatus.NO_GO


def _tell(what: str, done: int, of: int) -> None:
    """One line on standard error at the start and at the end of a phase."""
    if done in {1, of}:
        click.echo(f"golive: {what}: {done} of {of}", err=True)
