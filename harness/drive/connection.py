"""A connection of the organisation to one platform."""

from dataclasses import dataclass

from harness.core import Secret


@dataclass(frozen=True, slots=True)
class Connection:
    """`status` is one of active, unhealthy, not_ready, needs_reauth, disabled, or None when it is not known.
    `org_id` is what reads show as `connection.orgId`, None until one was seen."""

    id: str | None
    platform: str
    access_token: Secret
    status: str | None = None
    org_id: str | None = None
    link_url: str | None = None
