"""`golive emulator`: the double of the API over a real socket."""

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

    from harness.emulator import EmulatorSettings
    from harness.emulator.seeding import Progress

RATE = re.compile(r"([1-9]\d*)/(\d+(?:\.\d+)?)s")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--database", metavar="FILE|URL", help="SQLite file or PostgreSQL URL; default: in memory.")
@click.option("--rate-limit", default="500/10s", show_default=True, metavar="500/10s|off", help="Of the organisation.")
@click.option("--seed", type=int, help="Seed of the data, the ids and the credentials.")
@click.option("--seed-size", type=click.IntRange(0, 1_000_000), help="Rows of bills (or --option seed_lists=...).")
@click.option("--client-id", help="Basic user; default: fixed by the seed.")
@click.option("--client-secret", help="Basic password; default: fixed by the seed.")
@click.option("--platform", "platforms", multiple=True, metavar="P", help="A platform with a connection; repeatable.")
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="An injected wrong behaviour; repeatable.")
@click.option("--contract", "contract", type=click.Path(exists=True, dir_okay=False), help="A contract file to serve.")
@click.option("--fault", "faults", multiple=True, metavar="NAME[:K=V,...]", help="A bad world; repeatable.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="Any other setting; repeatable.")
@click.argument("what", required=False, type=click.Choice(["settings", "fidelity", "quirks", "faults"]))
def emulator(what: str | None, **choices: Any) -> None:
    """Serve the stateful double of the API until stopped.

    It first prints the export lines that point a shell at it. `golive emulator settings` lists every setting with its
    value, default and source instead.
    """
    if choices["contract"]:
        from harness.contract.loader import use_contract

        use_contract(choices["contract"])
    rate = _rate(choices["rate_limit"])
    options = dict(_pair(option) for option in choices["options"])

    from harness.emulator import base_url
    from harness.emulator.server import export_lines, serve, with_port

    settings = _settings(choices, rate, options)
    if what == "settings":
        for fact in settings.facts():
            default = "" if fact.value == fact.default else f" (default: {fact.default})"
            click.echo(f"{fact.name:<24} {fact.value:<28} {fact.about}{default} [{fact.source}]")
        return

    if what is not None:
        _tell(what)
        return

    def ready(taken: "EmulatorSettings") -> None:
        for line in export_lines(taken):
            click.echo(line)
        click.echo(f"# golive emulator serves {base_url(taken)} until stopped (ctrl-C)")
        sys.stdout.flush()

    with _progress() as progress:
        serve(with_port(settings), on_ready=ready, progress=progress)


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A progress bar per list that grows, on standard error; gone when it is full."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=Console(stderr=True), transient=True)
    tasks: dict[str, TaskID] = {}

    def show(name: str, rows: int, of: int) -> None:
        if name not in tasks:
            bars.start()
            tasks[name] = bars.add_task(f"seeding {name}", total=of)
        bars.update(tasks[name], completed=rows)
        if bars.finished:
            bars.stop()

    try:
        yield show
    finally:
        bars.stop()


def _tell(what: str) -> None:
    """What the double is like: per operation, per platform, per fault."""
    from harness.contract import load_contract
    from harness.emulator.faults import FAULTS
    from harness.emulator.fidelity import fidelities
    from harness.emulator.quirks import facts, platforms

    if what == "fidelity":
        for item in fidelities(load_contract()):
            click.echo(f"{item.known_from:<14} {item.method:<6} {item.path}: {item.about}")
    elif what == "quirks":
        for platform in platforms():
            for fact in facts(platform):
                shown = ", ".join(sorted(fact.value)) if isinstance(fact.value, frozenset) else fact.value
                click.echo(f"{platform:<20} {fact.quirk}: {shown} [{fact.source}]")
    else:
        for name, fault in FAULTS.items():
            options = ", ".join(f"{key}={value}" for key, value in fault.options.items())
            click.echo(f"{name:<22} {fault.about}{f' ({options})' if options else ''}")


def _settings(choices: dict[str, Any], rate: dict[str, Any], options: dict[str, str]) -> "EmulatorSettings":
    from harness.contract import load_contract
    from harness.core import Secret
    from harness.emulator import EmulatorSettings

    given: dict[str, Any] = {
        "host": choices["host"],
        "port": choices["port"],
        "database": choices["database"],
        "seed": choices["seed"],
        "seed_size": choices["seed_size"],
        "client_id": choices["client_id"],
        "client_secret": Secret(choices["client_secret"]) if choices["client_secret"] else None,
        "connections": tuple(load_contract().platform(name) for name in choices["platforms"]) or None,
        "defects": choices["defects"] or None,
        "faults": choices["faults"] or None,
        **rate,
    }
    settings = EmulatorSettings(**{name: value for name, value in given.items() if value is not None})
    return settings.with_options(options)


def _rate(text: str) -> dict[str, Any]:
    if text == "off":
        return {"rate_limit": 0}
    match = RATE.fullmatch(text)
    if match is None:
        raise click.UsageError(f'--rate-limit "{text}" is not of the form 500/10s, and not off')
    return {"rate_limit": int(match[1]), "rate_window": float(match[2])}


def _pair(option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals or not name:
        raise click.UsageError(f'--option "{option}" is not of the form NAME=VALUE')
    return name, value
