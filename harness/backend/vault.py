"""The token vault: authenticated encryption with keys from the environment, rotated without downtime.

Fernet of `cryptography` (AES-CBC with HMAC-SHA256, versioned): kept by the Python Cryptographic Authority, and its
MultiFernet is the rotation.
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from harness.core import Secret
from harness.errors import CredentialError, HarnessError


class Vault:
    """Seals and opens secrets. Every key opens; the first one seals."""

    def __init__(self, keys: Sequence[Secret]) -> None:
        if not keys:
            raise CredentialError("GOLIVE_BACKEND_KEYS holds no key. Make one with: golive backend key")
        try:
            self._fernet = MultiFernet([Fernet(key.reveal()) for key in keys])
        except ValueError:
            raise CredentialError(
                "GOLIVE_BACKEND_KEYS: a key is not 32 bytes in URL-safe base64. Make one with: golive backend key"
            ) from None

    def seal(self, secret: Secret) -> str:
        """The sealed form, fit for a database."""
        return self._fernet.encrypt(secret.reveal().encode()).decode("ascii")

    def open(self, sealed: str) -> Secret:
        """The secret. HarnessError when no key fits or it was altered."""
        try:
            return Secret(self._fernet.decrypt(sealed.encode()).decode())
        except InvalidToken:
            raise HarnessError(
                "a stored token cannot be opened: it was altered, or GOLIVE_BACKEND_KEYS lost its key"
            ) from None

    def reseal(self, sealed: str) -> str:
        """The same secret under the first key: what rotation does with every stored token."""
        try:
            return self._fernet.rotate(sealed.encode()).decode("ascii")
        except InvalidToken:
            raise HarnessError("a stored token cannot be opened with any key of GOLIVE_BACKEND_KEYS") from None


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode("ascii")
