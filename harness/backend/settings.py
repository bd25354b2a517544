"""The backend's settings. Secrets come from the environment and are never shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.backend.catalogue import MIRRORED
from harness.core import Secret
from harness.errors import CredentialError, UsageError

VARIABLES = {
    "base_url": "RUTTER_BASE_URL",
    "client_id": "RUTTER_CLIENT_ID",
    "client_secret": "RUTTER_CLIENT_SECRET",
    "previous_client_secret": "RUTTER_PREVIOUS_CLIENT_SECRET",
    "vault_keys": "GOLIVE_BACKEND_KEYS",
    "public_key": "RUTTER_PUBLIC_KEY",
    "link_url": "RUTTER_LINK_URL",
}
"""Setting -> environment variable."""

OPTIONAL = frozenset({"previous_client_secret", "public_key", "link_url"})
LINK_SCRIPT = "https://cdn.jsdelivr.net/npm/@rutter/rutter-link@1.2.8/dist/bundle.js"
"""The public browser package, pinned. Source: [LB]."""


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """How one backend runs.

    `database` is a SQLAlchemy URL. `vault_keys` are Fernet keys, the newest first: all decrypt, the first encrypts.
    `previous_client_secret` is accepted in signatures while the secret is rotated. Times are in seconds.
    """

    base_url: str
    client_id: str
    client_secret: Secret
    vault_keys: tuple[Secret, ...]
    previous_client_secret: Secret | None = None
    database: str = "sqlite:///golive-backend.sqlite3"
    host: str = "127.0.0.1"
    port: int = 0
    workers: int = 1
    public_key: str | None = None
    """Rutter Link's key, for the browser. Without it the page has no Connect button."""
    link_url: str | None = None
    """Where the popup stands when that is not the provider's own host: the package's `dev.openUrl`. Source: [LB]."""
    link_script: str = LINK_SCRIPT
    """The browser package: an address, or a file that is served from here."""
    version: str = "2024-08-31"
    resources: tuple[str, ...] = ()
    """What is mirrored; empty: everything that `harness.backend.catalogue` knows."""
    rate: str = "500/10s"
    budget_file: str | None = None
    """Where processes of one machine share the rate budget; None: beside a SQLite file, or in the PostgreSQL, where
    those of several machines do."""
    syncers: int = 2
    poll_seconds: float = 900.0
    reconcile_seconds: float = 86_400.0
    largest_body: int = 1024 * 1024
    repeat_window: float = 3600.0
    """A delivery with the same bytes is the same event for this long: retries end after about 15 minutes. What is told
    of a connection holds no time: it is the same only while it waits. Source: [D:implementation-guides/webhooks]."""
    keep_seconds: float = 30 * 86_400.0
    """How long events that were worked off are kept for whoever has to look into them."""
    lease_seconds: float = 10.0
    attempts: int = 6
    retry_seconds: float = 2.0
    not_ready_seconds: float = 5.0
    """How long after a connection was not ready it is looked at again; webhooks tell it sooner."""
    look_seconds: tuple[float, ...] = (2.0, 10.0, 30.0)
    """Pauses before each look for an object whose write was answered with a 5xx; how soon it shows is UNKNOWN."""
    defects: tuple[str, ...] = ()
    """Wrong behaviours by name (`harness.backend.defects`): only to show that a suite notices them."""
    idle_seconds: float = 0.25
    """How long a worker without work waits before it looks again for work of other processes."""

    @property
    def mirrored(self) -> tuple[str, ...]:
        """The resources that are mirrored, in the order of their dependencies. UsageError for one that is not known."""
        for name in self.resources:
            if name not in MIRRORED:
                raise UsageError(f'the backend cannot mirror "{name}". Allowed: {", ".join(MIRRORED)}')
        return tuple(name for name in MIRRORED if name in (self.resources or MIRRORED))

    @property
    def signing_secrets(self) -> tuple[Secret, ...]:
        """The secrets that a webhook may be signed with, the current one first."""
        previous = self.previous_client_secret
        return (self.client_secret,) if previous is None else (self.client_secret, previous)


def from_environment(environ: Mapping[str, str], **given: object) -> BackendSettings:
    """Settings from the environment and `given`; CredentialError naming the variable that is missing."""
    values: dict[str, object] = {}
    for name, variable in VARIABLES.items():
        found = environ.get(variable, "")
        if not found:
            if name in OPTIONAL:
                continue
            hint = " Make one with: golive backend key" if name == "vault_keys" else ""
            raise CredentialError(f"{variable} is not set. The backend needs it: export {variable}=...{hint}")
        values[name] = found
    return BackendSettings(
        base_url=str(values["base_url"]).rstrip("/"),
        client_id=str(values["client_id"]),
        client_secret=Secret(str(values["client_secret"])),
        vault_keys=tuple(Secret(part.strip()) for part in str(values["vault_keys"]).split(",") if part.strip()),
        previous_client_secret=(
            Secret(str(values["previous_client_secret"])) if "previous_client_secret" in values else None
        ),
        public_key=str(values["public_key"]) if "public_key" in values else None,
        link_url=str(values["link_url"]) if "link_url" in values else None,
        **given,  # type: ignore[arg-type]
    )
