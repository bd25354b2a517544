"""How the organisation is set up, as its configuration endpoints tell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from harness.checks.echo import instant
from harness.checks.errors import Failing, failing
from harness.checks.paths import short
from harness.checks.registry import Observation, Subject, check
from harness.core import Evidence

ESSENTIAL = (
    "INITIAL_UPDATE", "HISTORICAL_UPDATE", "CONNECTION_DISABLED", "CONNECTION_ERROR", "CONNECTION_LINK_ERROR",
    "CONNECTION_NEEDS_UPDATE", "CONNECTION_UPDATED",
)  # fmt: skip
"""The events that the implementation checklist calls essential."""

USABLE = frozenset({"active", "unhealthy"})
LEAST_BATCHES = 2
SKEW = timedelta(days=1)
"""By how much the clocks of the target and of the run may differ."""


@dataclass(frozen=True, slots=True)
class Settings(Subject):
    """The answer of one configuration endpoint."""

    answer: Evidence


@dataclass(frozen=True, slots=True)
class Health(Subject):
    """`GET /connections/status` of one connection, and its row in `GET /connections`."""

    answer: Evidence
    listed: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Credentials(Subject):
    """Fingerprints of the staging and the production credentials."""

    staging: tuple[str, str]
    production: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Counts(Subject):
    """`GET /connections/status`, and how many rows that the run did not make one page of a list shows."""

    answer: Evidence
    listed: str
    rows: int
    page: str


def webhooks(answer: Evidence) -> list[Mapping[str, Any]] | None:
    """The webhook configurations: a bare array by the specification, under `webhooks` by the documentation."""
    body = answer.body
    found = body.get("webhooks") if isinstance(body, Mapping) else body
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else None


@check("config.essential_events")
def essential_events(subject: Settings) -> Iterator[Observation]:
    """The seven essential events reach an enabled webhook endpoint: INITIAL_UPDATE, HISTORICAL_UPDATE,
    CONNECTION_DISABLED, CONNECTION_ERROR, CONNECTION_LINK_ERROR, CONNECTION_NEEDS_UPDATE, CONNECTION_UPDATED. Without
    an allow list all events are sent. Source: implementation checklist, [S24] /configs/webhooks."""
    endpoints = webhooks(subject.answer)
    if subject.answer.status != 200 or endpoints is None:
        yield _told(subject, "the webhook configuration cannot be read", "200 with webhooks", subject.answer.status)
        return
    got: set[str] = set()
    for item in endpoints:
        if item.get("disabled"):
            continue
        allowed = item.get("allow_list")
        types = allowed.get("allowedTypes") if isinstance(allowed, Mapping) else None
        got |= set(types) if isinstance(types, list) else set(ESSENTIAL)
    lost = [name for name in ESSENTIAL if name not in got]
    if lost:
        yield _told(
            subject, f"no enabled webhook receives {', '.join(lost)}", "all seven essential events", sorted(got)
        )


@check("config.endpoint")
def endpoint(subject: Settings) -> Iterator[Observation]:
    """There is an enabled webhook endpoint with an https address. Source: implementation checklist."""
    endpoints = webhooks(subject.answer)
    if subject.answer.status != 200 or endpoints is None:
        yield _told(subject, "the webhook configuration cannot be read", "200 with webhooks", subject.answer.status)
        return
    live = [item for item in endpoints if not item.get("disabled")]
    if not any(isinstance(item.get("url"), str) and item["url"].startswith("https://") for item in live):
        yield _told(subject, "no enabled webhook endpoint has an https address", "https://...",
                    [item.get("url") for item in live])  # fmt: skip


@check("config.sync_batches")
def sync_batches(subject: Settings) -> Iterator[Observation]:
    """The initial sync comes in at least two batches, so that users see recent data before the history is there, and
    an incremental sync is set up. Source: implementation checklist, [D:rest/2024-08-31/config-sync]."""
    body = subject.answer.body
    if subject.answer.status != 200 or not isinstance(body, Mapping):
        yield _told(subject, "the sync configuration cannot be read", "200 with initialSync", subject.answer.status)
        return
    first, later = body.get("initialSync"), body.get("incrementalSync")
    batches = first.get("batches") if isinstance(first, Mapping) else None
    if not isinstance(batches, list) or len(batches) < LEAST_BATCHES:
        yield _told(subject, "the initial sync is not batched", f"at least {LEAST_BATCHES} batches", batches)
    elif any(not (isinstance(item, Mapping) and item.get("entities")) for item in batches):
        yield _told(subject, "a batch of the initial sync has no entities", "entities in every batch", batches)
    period = later.get("syncPeriodInMinutes") if isinstance(later, Mapping) else None
    if not isinstance(period, (int, float)) or not 60 <= period <= 20_160:
        yield _told(subject, "the incremental sync has no proper period", "60 to 20160 minutes", period)


@check("config.health")
def health(subject: Health) -> Iterator[Observation]:
    """The connection is healthy, ready and not disabled, and needs no re-authentication; its last sync lies behind it.
    Source: [S24] /connections/status."""
    body = subject.answer.body
    status = body.get("status") if isinstance(body, Mapping) else None
    if subject.answer.status != 200 or not isinstance(status, Mapping):
        yield _told_health(subject, "the status of the connection cannot be read", "200 with status",
                           subject.answer.status)  # fmt: skip
        return
    update, disabled = status.get("needs_update_status"), status.get("disabled_status")
    seen = {
        "is_healthy": status.get("is_healthy"),
        "is_ready": status.get("is_ready"),
        "needs_update": update.get("needs_update") if isinstance(update, Mapping) else None,
        "is_disabled": disabled.get("is_disabled") if isinstance(disabled, Mapping) else None,
    }
    wanted = {"is_healthy": True, "is_ready": True, "needs_update": False, "is_disabled": False}
    wrong = {name: value for name, value in seen.items() if value is not wanted[name]}
    if wrong:
        yield _told_health(subject, f"the connection is not in order: {', '.join(wrong)}", short(wanted), wrong)
    done, asked = instant(str(status.get("last_sync_completed_at"))), instant(subject.answer.started_at)
    if done is not None and asked is not None and done > asked + SKEW:
        yield Observation("the last sync was completed in the future", f"at most {subject.answer.started_at}",
                          short(status["last_sync_completed_at"]), "status.last_sync_completed_at",
                          (subject.answer.id,))  # fmt: skip


@check("config.counts")
def counts(subject: Counts) -> Iterator[Observation]:
    """When the historical sync is complete and lists hold rows, not every `synced_count` is 0. Only all of them
    together are judged: which name an entity has there is UNKNOWN. Source: [S24] /connections/status."""
    found: Any = subject.answer.body
    for name in ("status", "historical_sync_status"):
        found = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or found.get("historical_sync_completed") is not True or not subject.rows:
        return
    entities = found.get("total")
    items = entities.values() if isinstance(entities, Mapping) else ()
    told = [item.get("synced_count") for item in items if isinstance(item, Mapping)]
    if told and not any(told):
        yield Observation(
            f"no entity counts as synced though {subject.listed} are there", "a synced_count above 0",
            f"{len(told)} times {short(told[0])}", "synced_count", (subject.answer.id, subject.page),
        )  # fmt: skip


@check("config.listed")
def listed(subject: Health) -> Iterator[Observation]:
    """The connection is in `GET /connections`, with its platform, and callable. Source: [S24] /connections."""
    row = subject.listed
    if subject.answer.status != 200 or row is None:
        yield _told_health(
            subject, "the connection is not in the list of connections", "its row", subject.answer.status
        )
    elif row.get("platform") != subject.platform or row.get("status") not in USABLE:
        yield _told_health(subject, "the connection is listed otherwise", f"{subject.platform}, active",
                           {name: row.get(name) for name in ("platform", "status")})  # fmt: skip


@check("config.disabled")
def disabled(subject: Failing) -> Iterator[Observation]:
    """A disabled connection answers no data: its customer has gone, or has to be asked again. Source: [H:3136102942],
    [D:rest/2023-03-14/errors] CONNECTION_DISABLED."""
    yield from failing(subject)


@check("config.credentials")
def credentials(subject: Credentials) -> Iterator[Observation]:
    """Staging and production have different credentials: two organisations, so that a test can never touch a customer.
    Source: implementation checklist, [D:rest/2023-03-14/authorization]."""
    for name, left, right in zip(("client id", "client secret"), subject.staging, subject.production, strict=True):
        if left == right:
            yield Observation(f"staging and production share their {name}", "two different ones", "the same one", None)


def _told(subject: Settings, message: str, expected: str, seen: Any) -> Observation:
    return Observation(message, expected, short(seen), None, (subject.answer.id,))


def _told_health(subject: Health, message: str, expected: str, seen: Any) -> Observation:
    return Observation(message, expected, short(seen), None, (subject.answer.id,))
