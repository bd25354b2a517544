"""Document days that bite: month ends, leap days, year ends, days that read two ways."""

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from harness.core import iso_utc
from harness.emulator.bookkeeping.refusals import Refused
from harness.emulator.quirks import quirk

DAYS = (
    "2024-02-29", "2024-12-31", "2025-01-01", "2024-03-31", "2024-04-03", "2024-03-04", "2023-02-28", "2024-11-30",
    "2000-02-29", "2024-10-27", "2025-03-09", "2024-07-13", "1999-12-31", "2024-06-30", "2025-05-15", "2024-09-01",
)  # fmt: skip


@lru_cache(maxsize=1024)
def day(number: int) -> datetime:
    """The day of document `number`, midnight UTC."""
    return _base(number % len(DAYS)) + timedelta(days=(number // len(DAYS)) * 3)


@cache
def _base(index: int) -> datetime:
    return datetime.fromisoformat(DAYS[index]).replace(tzinfo=UTC)


@lru_cache(maxsize=4096)
def document_date(number: int, platform: str) -> str:
    """A document date as `platform` returns it: midnight UTC on QuickBooks, sometimes with a time elsewhere."""
    instant = day(number)
    if quirk(platform, "document_dates") != "midnight" and number % 6 == 5:
        instant += timedelta(hours=9, minutes=number % 60)
    return iso_utc(instant)


def widen(value: str, platform: str) -> str:
    """What a sent date or date-time becomes: UTC with milliseconds; midnight of its UTC day on QuickBooks. Raises
    Refused for an instant that is well formed and cannot be kept: a leap second, one outside of the years 1 to 9999."""
    try:
        instant = datetime.fromisoformat(value)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(f"{value} is no date that the platform can keep.") from None
    if quirk(platform, "document_dates") == "midnight":
        instant = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return iso_utc(instant)


@lru_cache(maxsize=1024)
def stamps(number: int, now: datetime) -> tuple[str, str, str]:
    """(created_at, updated_at, last_synced_at) of seeded row `number`: mostly distinct, some ties, some rows that
    were synced long after they changed."""
    step = number - (number % 13 == 5)
    updated = now - timedelta(minutes=37 * step + 60, seconds=step % 50, milliseconds=step * 7 % 1000)
    created = updated - timedelta(days=number % 9, minutes=number % 50)
    late = (now - updated) / 2 if number % 17 == 3 else timedelta(minutes=number % 30 + 1)
    return iso_utc(created), iso_utc(updated), iso_utc(min(updated + late, now))
