"""What platforms tell without being asked, from their quirks."""

from harness.emulator.quirks import quirk
from harness.emulator.quirks.registry import applies


def is_real_time(platform: str) -> bool:
    """Whether changes show at once; elsewhere at the next sync. Source: [D:implementation-guides/webhooks]."""
    return bool(quirk(platform, "real_time"))


def shows_deletes(platform: str) -> bool:
    """Whether deletes show in `/events`; elsewhere it is an empty array. Source: [D:rest/2023-03-14/events]."""
    return bool(quirk(platform, "deletes_in_events"))


def tells_delete(platform: str, resource: str) -> bool:
    """Whether a delete made in the platform's own software is noticed; elsewhere an object vanishes silently. Source:
    [D:implementation-guides/monitoring-deleted-objects]."""
    return applies(platform, "deletes_told", resource)
