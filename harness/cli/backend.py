"""`golive backend`: the reference backend over a real socket."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from harness.backend import BackendSettings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--database", default="sqlite:///golive-backend.sqlite3", show_default=True, metavar="URL",
              help="SQLite file or PostgreSQL URL.")  # fmt: skip
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(0, 32), help="Threads that work events off."
)
@click.option(
    "--rate",
    default="500/10s",
    show_default=True,
    help="Requests to the API of all processes on this database together.",
)
@click.option("--resource", "resources", multiple=True, metavar="R", help="Mirror only this; may be repeated.")
@click.option("--link-script", metavar="URL|FILE", help="The Link browser package; default: the public one on its CDN.")
@click.argument("what", required=False, type=click.Choice(["key", "rotate", "alerts"]))
def backend(what: str | None, **choices: Any) -> None:
    """Serve the reference backend until stopped. `golive backend key` prints a fresh key for its vault, `golive backend
    rotate` seals every stored token with the first key of GOLIVE_BACKEND_KEYS while backends go on serving, `golive
    backend alerts` prints Prometheus rules for its metrics.

    Credentials come from RUTTER_BASE_URL, RUTTER_CLIENT_ID, RUTTER_CLIENT_SECRET and GOLIVE_BACKEND_KEYS. While the
    client secret is rotated, RUTTER_PREVIOUS_CLIENT_SECRET holds the old one. RUTTER_PUBLIC_KEY gives its page a
    Connect button, and RUTTER_LINK_URL points that at another Link, such as the emulator's.
    """
    if what == "key":
        from harness.backend.vault import new_key

        click.echo(new_key())
        return
    if what == "alerts":
        from harness.backend.alerts import rules

        click.echo(rules(), nl=False)
        return
    if what == "rotate":
        _rotate(str(choices["database"]))
        return
    from harness.backend.serving import serve
    from harness.backend.settings import from_environment
    from harness.backend.web import WEBHOOKS

    def ready(taken: "BackendSettings") -> None:
        address = f"http://{taken.host}:{taken.port}"
        click.echo(f"golive backend serves {address} until stopped (ctrl-C); webhooks go to {address}{WEBHOOKS}")
        sys.stdout.flush()

    given = {name: value for name, value in choices.items() if value is not None}
    serve(from_environment(os.environ, **given), on_ready=ready)


def _rotate(database: str) -> None:
    from harness.backend.rotation import rotate
    from harness.backend.settings import from_environment

    tokens = rotate(from_environment(os.environ, database=database))
    click.echo(f"{tokens} tokens are sealed with the first key; older keys can go from GOLIVE_BACKEND_KEYS")
