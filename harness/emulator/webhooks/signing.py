"""The signature of a delivery. Source: [D:implementation-guides/webhooks]."""

import hashlib
import hmac
from base64 import b64encode

from harness.core import Secret

HEADER = "X-Rutter-Signature"


def signature(body: bytes, secret: Secret) -> str:
    """`sha256=` and the base64 of HMAC-SHA256 over the exact bytes, keyed by the organisation's client secret. There is
    no timestamp in it, so nothing guards against a replay. Source: trap 20."""
    digest = hmac.new(secret.reveal().encode(), body, hashlib.sha256).digest()
    return f"sha256={b64encode(digest).decode()}"
