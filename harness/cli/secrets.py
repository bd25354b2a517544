"""The secrets that this process may know, so that no message of it shows one."""

import os
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.core import Redactor

SETTINGS_FILE = "golive.toml"


def redactor() -> Redactor:
    """A redactor that knows every credential of the environment and of `golive.toml`."""
    return Redactor(secrets.token_bytes(16), _known())


def configured() -> tuple[str, ...]:
    """Every credential of the environment and of `golive.toml`, in clear: for a search, never for an output."""
    return tuple(value for _, value in _known())


def _known() -> Iterator[tuple[str, str]]:
    for name, value in os.environ.items():
        if name in {"RUTTER_CLIENT_ID", "RUTTER_CLIENT_SECRET"} or name.startswith("RUTTER_ACCESS_TOKEN_"):
            yield "secret", value.strip()
    try:
        settings = tomllib.loads(Path(SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # No settings, or none that could have been used: nothing was read from there.
        return
    yield from _texts(settings)


def _texts(table: Mapping[str, Any], *, secret: bool = False) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        inside = secret or key in {"client_id", "client_secret", "access_tokens"}
        if isinstance(value, Mapping):
            yield from _texts(value, secret=inside)
        elif inside and isinstance(value, str):
            yield "secret", value
