"""The emulator's credentials: fixed unless given, derived from the seed, so that two runs are alike."""

import uuid
from dataclasses import dataclass

from harness.core import Secret
from harness.emulator.settings import EmulatorSettings

NAMESPACE = uuid.UUID("6f0c3f0a-8a55-5d0e-9a5e-2f1d3b8c7a60")
"""Fixed, so that a seed always gives the same ids."""


def derived(settings: EmulatorSettings, name: str) -> str:
    """A uuid that depends on the seed and `name` only."""
    return str(uuid.uuid5(NAMESPACE, f"{settings.seed}:{name}"))


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs. Secrets do not show themselves."""

    client_id: str
    client_secret: Secret
    organisation_id: str
    public_key: str
    """For Rutter Link in browsers, no secret. Source: [LB]: sandbox keys look like `sandbox_pk_<uuid>`."""

    @classmethod
    def of(cls, settings: EmulatorSettings) -> "Credentials":
        """The given credentials, the missing ones derived from the seed."""
        return cls(
            client_id=settings.client_id or derived(settings, "client_id"),
            client_secret=settings.client_secret or Secret(derived(settings, "client_secret")),
            organisation_id=derived(settings, "organisation"),
            public_key=f"sandbox_pk_{derived(settings, 'public_key')}",
        )


def access_token(settings: EmulatorSettings, platform: str) -> Secret:
    """The access token of the first connection of `platform`."""
    return settings.access_tokens.get(platform) or Secret(derived(settings, f"access_token:{platform}"))


def connection_id(settings: EmulatorSettings, platform: str) -> str:
    """The id of the first connection of `platform`."""
    return derived(settings, f"connection:{platform}")


def environment(settings: EmulatorSettings, base_url: str) -> dict[str, str]:
    """The environment variables that point a client at the emulator; reveals the secrets."""
    credentials = Credentials.of(settings)
    tokens = {f"RUTTER_ACCESS_TOKEN_{name}": access_token(settings, name).reveal() for name in settings.connections}
    return {
        "RUTTER_BASE_URL": base_url,
        "RUTTER_CLIENT_ID": credentials.client_id,
        "RUTTER_CLIENT_SECRET": credentials.client_secret.reveal(),
        "RUTTER_PUBLIC_KEY": credentials.public_key,
        "RUTTER_LINK_URL": base_url.removesuffix("/versioned"),
        **tokens,
    }
