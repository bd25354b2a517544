"""Is a webhook from the API? Base64 of HMAC-SHA256 over the raw bytes, keyed by the client secret, behind `sha256=`.

Source: [D:implementation-guides/webhooks]. There is no timestamp and no replay guard in it.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from harness.core import Secret

HEADER = "x-rutter-signature"


def verified(content: bytes, sent: str | None, secrets: Sequence[Secret]) -> bool:
    """Whether `sent` is right for these bytes under one of the secrets. Each is compared in constant time, and all of
    them are compared, so that the time tells nothing."""
    given = (sent or "").encode()
    matches = [hmac.compare_digest(given, _expected(content, secret)) for secret in secrets]
    return any(matches)


def _expected(content: bytes, secret: Secret) -> bytes:
    return b"sha256=" + base64.b64encode(hmac.new(secret.reveal().encode(), content, hashlib.sha256).digest())
