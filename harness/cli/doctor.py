"""`golive doctor`: is everything in place for a run against a target? One line each, with the fix."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from harness.drive import Connection, Target, resolve_target
from harness.drive.discovery import FIX, USABLE, answered, ask, fetch_connections
from harness.errors import CredentialError, GoliveError
from harness.exit_status import ExitStatus


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. `fix` is empty when it is in order."""

    name: str
    text: str
    fix: str = ""
    status: ExitStatus = ExitStatus.GO


@click.command()
@click.option(
    "--target", default="emulator", metavar="TARGET", help="emulator (default), sandbox, production or a URL."
)
@click.option("--platform", "platforms", multiple=True, metavar="P", help="A platform that must have a connection.")
def doctor(target: str, platforms: tuple[str, ...]) -> ExitStatus:
    """Look at credentials, reachability, version, and connections with their health.

    Exit codes: 0 all in order, 3 something for you to change, 4 the target cannot be reached.
    """
    status = ExitStatus.GO
    with _environment(target) as environ:
        for line in _examine(target, environ, tuple(name.upper() for name in platforms)):
            mark = "problem" if line.fix else "ok"
            click.echo(f"{mark:<8} {line.name:<12} {line.text}" + (f". Fix: {line.fix}" if line.fix else ""))
            status = max(status, line.status)
    return status


@contextmanager
def _environment(target: str) -> Iterator[dict[str, str]]:
    """The environment with the credentials; for the emulator, that of one that is started for this."""
    if target != "emulator":
        yield dict(os.environ)
        return
    from harness.emulator import EmulatorProcess, EmulatorSettings

    emulator = EmulatorProcess.start(EmulatorSettings(rate_limit=0))
    try:
        yield emulator.environment()
    finally:
        emulator.stop()


def _examine(name: str, environ: dict[str, str], platforms: tuple[str, ...]) -> Iterator[Line]:
    try:
        target = resolve_target(name, environ=environ, settings_file=Path("golive.toml"))
    except CredentialError as error:
        yield Line("credentials", *_halves(error), ExitStatus.WRONG_USE)
        return
    yield Line("credentials", f"client id and secret are set{_tokens(target)}")
    try:
        exchange = ask(target, "/connections", (("status", "any"),))
        answered(target, exchange, "/connections")
        connections = fetch_connections(target)
    except GoliveError as error:
        wrong = isinstance(error, CredentialError)
        yield Line("credentials" if wrong else "reach", *_halves(error), error.exit_status)
        return
    yield Line("reach", f"{target.base_url} answers in {exchange.elapsed * 1000:.0f} ms")
    yield Line("version", f"X-Rutter-Version {target.version} is accepted")
    if not connections:
        yield Line("connections", "there is none", "connect a platform through Rutter Link", ExitStatus.WRONG_USE)
    yield from map(_connection, connections)
    yield from _missing(target, connections, platforms)


def _connection(item: Connection) -> Line:
    named = f"{item.platform} {item.id or ''} is {item.status or 'of unknown status'}"
    if item.status is None or item.status in USABLE:
        return Line("connection", named)
    fix = FIX.get(item.status, "see GET /connections/status")
    if item.link_url:
        fix += "; its link_url in GET /connections is the page for that"
    return Line("connection", named, fix, ExitStatus.WRONG_USE)


def _missing(target: Target, connections: list[Connection], platforms: tuple[str, ...]) -> Iterator[Line]:
    known = {item.access_token for item in connections}
    for platform, token in target.tokens.items():
        if token not in known:
            fix = f"take the access token of a listed connection, or unset RUTTER_ACCESS_TOKEN_{platform}"
            yield Line("token", f"that of {platform} belongs to no connection", fix, ExitStatus.WRONG_USE)
    present = {item.platform for item in connections}
    for platform in platforms:
        if platform not in present and platform not in target.tokens:
            fix = f"connect {platform}, or set RUTTER_ACCESS_TOKEN_{platform}"
            yield Line("connection", f"{platform} has none", fix, ExitStatus.WRONG_USE)


def _tokens(target: Target) -> str:
    given = ", ".join(sorted(target.tokens))
    return f", access tokens of {given}" if given else ", connections are found through GET /connections"


def _halves(error: GoliveError) -> tuple[str, str]:
    """What is wrong and what to do: the first sentence and the rest."""
    wrong, _, fix = str(error).partition(". ")
    return wrong, fix.rstrip(".") or "see the message"
