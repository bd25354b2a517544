"""Which API is proven and where its credentials come from: the environment, `golive.toml`, or the emulator."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.client import Credentials
from harness.contract import load_contract
from harness.contract.loader import suggest
from harness.core import Secret, Strength, on_loopback
from harness.errors import CredentialError, UsageError

BASE_URLS = {
    "production": "https://production.rutterapi.com/versioned",
    "sandbox": "https://sandbox.rutterapi.com/versioned",
}
"""Source: [S24] servers."""

TOKEN_PREFIX = "RUTTER_ACCESS_TOKEN_"  # noqa: S105 - the name of a variable
KEYS = frozenset({"base_url", "client_id", "client_secret", "version", "rate", "access_tokens"})


@dataclass(frozen=True, slots=True)
class Target:
    """The API under test. `tokens` are access tokens by platform; `strength` is what evidence from it is worth."""

    name: str
    base_url: str
    version: str
    credentials: Credentials
    tokens: Mapping[str, Secret] = field(repr=False)
    strength: Strength
    rate: str | None = None


def resolve_target(name: str, *, environ: Mapping[str, str], settings_file: Path, version: str | None = None) -> Target:
    """The target of that name: `emulator` (everything from `environ`), `sandbox`, `production`, or an http(s) URL.

    The environment wins over `golive.toml`, whose tables are `[target.sandbox]`, `[target.production]` or
    `[target."https://..."]`. The version is the file's, the given one, or that of the contract in use. Raises
    UsageError for a name that is none, CredentialError for a missing credential.
    """
    settings = _settings(settings_file).get(name, {})
    base_url = _base_url(name, environ, settings)
    credentials = Credentials(
        _credential("RUTTER_CLIENT_ID", "client_id", name, environ, settings, settings_file),
        _credential("RUTTER_CLIENT_SECRET", "client_secret", name, environ, settings, settings_file),
    )
    tokens = {key.upper(): Secret(value) for key, value in settings.get("access_tokens", {}).items()}
    tokens |= {
        key.removeprefix(TOKEN_PREFIX): Secret(value.strip())
        for key, value in environ.items()
        if key.startswith(TOKEN_PREFIX) and value.strip()
    }
    emulated = name == "emulator" or on_loopback(base_url)
    return Target(
        name=name,
        base_url=base_url,
        version=settings.get("version") or version or load_contract().version,
        credentials=credentials,
        tokens=tokens,
        strength=Strength.EMULATED if emulated else Strength.LIVE,
        rate=settings.get("rate"),
    )


def separate_credentials(settings_file: Path) -> Mapping[str, Credentials] | None:
    """The credentials of `[target.staging]` and `[target.production]`; None unless both stand in `golive.toml`."""
    tables = _settings(settings_file)
    found = {name: tables.get(name, {}) for name in ("staging", "production")}
    if any(not (table.get("client_id") and table.get("client_secret")) for table in found.values()):
        return None
    return {
        name: Credentials(Secret(str(table["client_id"]).strip()), Secret(str(table["client_secret"]).strip()))
        for name, table in found.items()
    }


def _base_url(name: str, environ: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    if name == "emulator":
        return environ["RUTTER_BASE_URL"].rstrip("/")
    if name in BASE_URLS:
        url = str(settings.get("base_url", BASE_URLS[name]))
    elif name.startswith(("http://", "https://")):
        url = name
    else:
        raise UsageError(f'unknown target "{name}"{suggest(name, ["emulator", *BASE_URLS, "https://..."])}')
    split = urlsplit(url)
    if split.username or split.password:
        raise UsageError(
            "the target URL holds a user or password. Set RUTTER_CLIENT_ID and RUTTER_CLIENT_SECRET instead"
        )
    if not split.hostname or split.query or split.fragment:
        raise UsageError(
            f'target "{split.scheme}://{split.netloc}{split.path}" is not a base URL such as {BASE_URLS["sandbox"]}'
        )
    return url.rstrip("/")


def _credential(
    variable: str, key: str, name: str, environ: Mapping[str, str], settings: Mapping[str, Any], file: Path
) -> Secret:
    value = environ.get(variable) or settings.get(key)
    if not value:
        raise CredentialError(
            f'{variable} is not set. Target "{name}" needs it: export {variable}=... '
            f'or write {key} = "..." under [target."{name}"] in {file}'
        )
    text = str(value).strip()
    if not text.isascii() or any(character.isspace() for character in text):
        raise CredentialError(f"{variable} holds characters that a key cannot have (spaces, line ends, non-ASCII)")
    return Secret(text)


def _settings(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """The `[target.*]` tables; empty without a file. Unknown keys are refused: a typo must not go unseen."""
    if not file.exists():
        return {}
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file}: cannot be read as TOML: {error}") from error
    for key in data:
        if key != "target":
            raise UsageError(f'{file}: unknown table "{key}"{suggest(key, ["target"])}')
    targets: Mapping[str, Mapping[str, Any]] = data.get("target", {})
    for name, table in targets.items():
        if not isinstance(table, dict):
            raise UsageError(f"{file}: [target.{name}] is not a table")
        for key in table:
            if key not in KEYS:
                raise UsageError(f'{file}: unknown key "{key}" in [target."{name}"]{suggest(key, KEYS)}')
    return targets
