"""The commands by name. A command's module is imported when it runs, so that `golive --help` is quick."""

from collections.abc import Mapping
from importlib import import_module

import click

COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("harness.cli.run", "Prove a target and give its verdict."),
    "prove": ("harness.cli.prove", "Prove the plans: would they notice each defect of the emulator?"),
    "record": ("harness.cli.record", "Prove a target and keep every exchange in cassettes."),
    "replay": ("harness.cli.record", "Play recorded cases again, without network and credentials."),
    "cassettes": ("harness.cli.cassettes", "Audit, measure, compare and convert cassettes."),
    "doctor": ("harness.cli.doctor", "Credentials, reachability, version, connections: one line each with the fix."),
    "emulator": ("harness.cli.emulator", "Serve the stateful double of the API until stopped."),
    "report": ("harness.cli.report", "Fold the evidence of a run again and write its report."),
    "coverage": ("harness.cli.coverage", "How far the API's surface was taken, and what no case touched."),
    "fidelity": ("harness.cli.fidelity", "How alike two targets answer, operation by operation."),
    "verify": ("harness.cli.verify", "Recompute a verdict from its evidence, and notice any alteration."),
    "cleanup": ("harness.cli.cleanup", "Delete what an earlier run left behind on the target."),
    "backend": ("harness.cli.backend", "Serve the reference backend: webhooks into a durable inbox, workers, metrics."),
    "gauntlet": ("harness.cli.gauntlet", "Fire right and wrong webhooks at a receiver and name what it does wrong."),
    "explain": ("harness.cli.checks", "Say what a check demands, why, and where that is known from."),
    "checks": ("harness.cli.checks", "List all checks."),
    "plan": ("harness.cli.plan", "Check plans, and list the cases they ask for."),
    "capacity": ("harness.cli.capacity", "Does the rollout fit under the limits, and what has to change if not."),
    "rollout": ("harness.cli.rollout", "Load-test a rollout stage before it begins: promote, hold or roll back."),
    "contract": ("harness.cli.contract", "Show what the API's contract says of a resource."),
}
"""Module and one line of help of each command; the command has the name of the function in its module."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - signature of click
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """The command of that name; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a usage error with the nearest right name otherwise."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from harness.contract.loader import suggest

            raise click.UsageError(f'unknown command "{args[0]}"{suggest(args[0], COMMANDS)}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """The table of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"golive {version('golive')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version.")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.pass_context
def app(ctx: click.Context, debug: bool) -> None:
    """May this integration go into production? golive proves a target of the Rutter unified API and gives a verdict.

    Exit codes: 0 go, 1 no_go, 2 inconclusive, 3 wrong use, 4 harness error, 130 interrupted.
    """
    ctx.obj = debug
