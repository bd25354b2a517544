"""Where a backend and its world answer, and the secrets that both know."""

from dataclasses import dataclass, field

from harness.core import Secret


@dataclass(frozen=True, slots=True)
class RigAddress:
    """`backend` and `world` are addresses without a path. `files` hold what the backend wrote; `others` are secrets
    beside the organisation's that must not show, by what they are."""

    backend: str
    world: str
    client_id: str
    client_secret: Secret
    files: tuple[str, ...] = ()
    others: tuple[tuple[str, Secret], ...] = field(default=(), repr=False)
