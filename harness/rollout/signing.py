"""The signature that a webhook carries. Source: [D:implementation-guides/webhooks]."""

import hashlib
import hmac
from base64 import b64encode


def signature(body: bytes, client_secret: str) -> str:
    """`sha256=` and the base64 of the HMAC-SHA256 of the raw bytes under the organisation's client secret."""
    return "sha256=" + b64encode(hmac.new(client_secret.encode(), body, hashlib.sha256).digest()).decode("ascii")
