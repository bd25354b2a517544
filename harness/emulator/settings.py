"""What an emulator may be told: frozen, every UNKNOWN or INFERRED behaviour a named setting with its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, get_type_hints

from harness.core import Secret
from harness.emulator.settings_text import parse_value, show_value
from harness.errors import UsageError

DEFAULT_PLATFORMS = (
    *("QUICKBOOKS", "XERO", "NETSUITE", "SAGE_INTACCT", "QUICKBOOKS_DESKTOP"),
    *("SHOPIFY", "WOO_COMMERCE"),
)
"""The connections that exist at the start."""


def setting(default: Any, about: str, source: str) -> Any:
    """A field of the settings: its default, what it decides, and where the default comes from."""
    return field(default=default, metadata={"about": about, "source": source})


@dataclass(frozen=True, slots=True)
class SettingFact:
    """One line of `golive emulator settings`. `source` is a source tag of the facts, `UNKNOWN` (looked for and not
    found), `INFERRED` (deduced) or `own` (not about the API)."""

    name: str
    default: str
    value: str
    about: str
    source: str


@dataclass(frozen=True, slots=True)
class EmulatorSettings:
    """Everything that decides how an emulator behaves. Two emulators with equal settings answer alike.

    Times are in seconds, `rate_window` too. Statuses are HTTP statuses. Raises UsageError for values out of range.
    """

    host: str = setting("127.0.0.1", "address to listen on", "own")
    port: int = setting(0, "port to listen on; 0 takes a free one", "own")
    database: str | None = setting(
        None, "SQLite file or PostgreSQL URL that keeps the state; omitted: in memory", "own"
    )
    seed: int = setting(20240831, "seed of the data, the ids and the credentials", "own")
    seed_at: datetime = setting(  # noqa: RUF009 - makes a dataclass field
        datetime(2025, 6, 30, 12, tzinfo=UTC), "the instant at which the seeded books were last synced", "own"
    )
    seed_size: int = setting(0, "rows that each list of seed_lists has at the start; 0: as generated", "own")
    seed_lists: tuple[str, ...] = setting(
        ("bills",), "lists that seed_size is about, each in the first connection that has it", "own"
    )
    frozen_at: datetime | None = setting(  # noqa: RUF009 - makes a dataclass field
        None, "the instant at which the clock stands at first; omitted: it runs", "own"
    )
    connections: tuple[str, ...] = setting(DEFAULT_PLATFORMS, "platforms that have a connection at the start", "own")
    client_id: str | None = setting(None, "Basic user; omitted: derived from the seed", "own")
    client_secret: Secret | None = setting(  # noqa: RUF009 - makes a dataclass field
        None, "Basic password; omitted: derived from the seed", "own"
    )
    access_tokens: Mapping[str, Secret] = field(
        default_factory=dict,
        metadata={"about": "access token by platform; omitted: derived from the seed", "source": "own"},
    )
    defects: tuple[str, ...] = setting((), "injected wrong behaviours, by name", "own")
    faults: tuple[str, ...] = setting((), "a bad world: faults that are on from the start", "own")

    rate_limit: int = setting(500, "requests of the organisation in one window; 0 switches it off", "H:7238576299")
    rate_window: float = setting(10.0, "length of the sliding window", "H:7238576299")
    retry_after: bool = setting(False, "whether a 429 carries Retry-After", "UNKNOWN")

    missing_token_status: int = setting(400, "status without access_token", "INFERRED")
    version_status: int = setting(400, "status with a missing or unserved X-Rutter-Version", "INFERRED")
    unknown_id_status: int = setting(410, "status for an id that is not found: 410, or 404 where not yet moved", "S23")
    unsupported_status: int = setting(404, "status of an operation that the platform lacks", "D:errors")
    method_status: int = setting(404, "status of a known path with a method that it lacks", "INFERRED")
    refused_status: int = setting(450, "status when the platform refuses a write", "D:errors")
    not_ready_status: int = setting(400, "status of PRODUCT_NOT_READY", "UNKNOWN")
    needs_update_status: int = setting(400, "status of NEEDS_UPDATE", "UNKNOWN")
    disabled_status: int = setting(400, "status of CONNECTION_DISABLED", "UNKNOWN")

    limit_maximum: int = setting(500, "largest page", "UNKNOWN")
    limit_over: str = setting("clamp", "a larger limit: clamp or reject", "UNKNOWN")
    last_cursor: str = setting("null", "next_cursor of the last page: null or absent", "S24")
    filter_contains_time: bool = setting(False, "whether ~ works on timestamps; otherwise 400", "UNKNOWN")
    filter_after_text: bool = setting(False, "whether > works on text; otherwise 400", "UNKNOWN")
    sort_unknown: str = setting("reject", "sort on a field that cannot be sorted: reject or ignore", "UNKNOWN")
    expand_unknown: str = setting("reject", "expand with an undocumented value: reject or ignore", "UNKNOWN")

    date_only_input: bool = setting(True, "whether YYYY-MM-DD is accepted where a date-time is documented", "UNKNOWN")
    delete_missing_success: bool = setting(False, "`success` when the object to delete does not exist", "UNKNOWN")

    xero_attachment_date: str = setting("timestamp", "created_at of attachments on Xero: timestamp or empty", "S24")

    idempotency_scope: str = setting("connection", "a key belongs to: connection or organisation", "UNKNOWN")
    idempotency_compare: str = setting("parsed", "bodies are compared: parsed or bytes", "UNKNOWN")
    idempotency_running: str = setting("wait", "same key while the first runs: wait, or async shape", "INFERRED")

    largest_amount: float = setting(1e13, "a platform refuses a write with a number of this size", "INFERRED")

    async_delay: float = setting(0.02, "how long an async job stays pending", "UNKNOWN")
    platform_delay: float = setting(0.0, "how long the platform takes for a write", "own")
    sync_wait: float = setting(30.0, "prefer_sync answers with a job after this long", "DA:asynchronous-operations")

    public_token_lifetime: float = setting(1800.0, "how long a public token can be exchanged", "UNKNOWN")
    public_token_reuse: bool = setting(True, "whether a public token can be exchanged again", "UNKNOWN")
    created_status: str = setting(
        "not_ready", "a connection created from credentials: not_ready until synced, or active and empty", "D:lifecycle"
    )
    linked_books: str = setting("seeded", "what a newly linked platform holds: seeded or empty", "own")
    initial_batch_seconds: float = setting(
        5.0, "how long a batch of the initial sync takes; really minutes to hours", "own"
    )
    ready_after: str = setting("first_batch", "a connection is ready after: first_batch or all_batches", "INFERRED")
    requested_sync_seconds: float = setting(1.0, "when a requested incremental sync runs", "UNKNOWN")
    backfill_seconds: float = setting(5.0, "how long a backfill takes, incremental syncs pausing", "UNKNOWN")
    backfill_completed: str = setting(
        "with_webhooks", "BACKFILL_COMPLETED: with_webhooks (only with include_webhooks) or always", "INFERRED"
    )
    failures_to_end: int = setting(3, "failed syncs in a row that end an unhealthy connection", "INFERRED")
    old_token_grace: float = setting(0.0, "how long an invalidated access token still works", "UNKNOWN")
    disabled_event_reason: bool = setting(True, "whether CONNECTION_DISABLED carries disabled_reason", "UNKNOWN")
    link_base: str | None = setting(None, "where link_url points; omitted: at this emulator", "DA:fetch-connections")
    link_channels: str = setting("both", "Link tells success by: both, message (postMessage) or stream", "LB")
    link_key_status: int = setting(401, "status of Link with an unknown public key", "UNKNOWN")
    link_stream_seconds: float = setting(25.0, "how long a stream of Link waits before it is opened anew", "own")
    own_write_events: bool = setting(True, "whether writes by the API raise entity webhooks", "INFERRED")
    webhook_hosts: str = setting("loopback", "where webhooks may go: loopback or any", "own")
    webhook_timeout: float = setting(10.0, "how long a webhook's receiver may take", "UNKNOWN")
    webhook_attempts: int = setting(6, "attempts of a webhook before it is dropped", "D:webhooks")
    webhook_first_retry: float = setting(30.0, "wait before the second attempt; in all about 15 minutes", "D:webhooks")
    webhook_backoff: float = setting(2.0, "each further wait is so many times longer", "INFERRED")
    webhook_concurrency: int = setting(32, "attempts in flight at a time", "own")
    webhook_always_sent: tuple[str, ...] = setting((), "event types that no allow list holds back", "I")
    entity_event_shape: str = setting("array", "the entity of an entity event: array or object", "UNKNOWN")
    empty_platform: str = setting("QUICKBOOKS", "platform of a connection created without a body", "UNKNOWN")
    name_conflict_status: int = setting(400, "status when a connection name is taken", "UNKNOWN")
    sync_config_unlisted: int = setting(404, "status of /configs/sync/platforms for an unlisted platform", "UNKNOWN")

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise UsageError(f'emulator setting {name}: "{value}" is not one of {", ".join(allowed)}')
        if not 0 <= self.port <= 65535:
            raise UsageError(f"emulator setting port: {self.port} is not between 0 and 65535")
        if self.frozen_at is not None and self.frozen_at.tzinfo is None:
            raise UsageError("emulator setting frozen_at: needs a time zone, such as 2025-07-01T00:00:00Z")
        if self.seed_at.tzinfo is None:
            raise UsageError("emulator setting seed_at: needs a time zone, such as 2025-06-30T12:00:00Z")
        if self.limit_maximum < 1 or self.rate_limit < 0 or self.rate_window <= 0:
            raise UsageError("emulator settings limit_maximum, rate_limit and rate_window must be positive")

    def with_options(self, options: Mapping[str, str]) -> "EmulatorSettings":
        """These settings with some replaced, given as text (`{"rate_limit": "0"}`); UsageError for an unknown name."""
        hints = get_type_hints(EmulatorSettings)
        changed: dict[str, Any] = {}
        for name, text in options.items():
            if name not in hints:
                raise UsageError(f'unknown emulator setting "{name}". Known: {", ".join(sorted(hints))}')
            changed[name] = parse_value(name, hints[name], text)
        return replace(self, **changed)

    def facts(self) -> tuple[SettingFact, ...]:
        """Every setting with default, present value, meaning and source; secrets show as stars."""
        plain = EmulatorSettings()
        return tuple(
            SettingFact(
                name=item.name,
                default=show_value(getattr(plain, item.name)),
                value=show_value(getattr(self, item.name)),
                about=item.metadata["about"],
                source=item.metadata["source"],
            )
            for item in fields(self)
        )


CHOICES: Mapping[str, tuple[str, ...]] = {
    "limit_over": ("clamp", "reject"),
    "last_cursor": ("null", "absent"),
    "sort_unknown": ("reject", "ignore"),
    "expand_unknown": ("reject", "ignore"),
    "xero_attachment_date": ("timestamp", "empty"),
    "idempotency_scope": ("connection", "organisation"),
    "idempotency_compare": ("parsed", "bytes"),
    "idempotency_running": ("wait", "async"),
    "created_status": ("active", "not_ready"),
    "linked_books": ("seeded", "empty"),
    "ready_after": ("first_batch", "all_batches"),
    "backfill_completed": ("with_webhooks", "always"),
    "link_channels": ("both", "message", "stream"),
    "webhook_hosts": ("loopback", "any"),
    "entity_event_shape": ("array", "object"),
}
"""Settings that are one word of a list."""
