"""Webhook bodies of every event type, as the documentation shows them, and the signature over exact bytes.

Sources: [DA:docs/connection-webhooks], [D:implementation-guides/webhooks]. The shape of entity events is UNVERIFIED
there: a receiver must take whatever stands beside `type`, `code` and the two ids.
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from random import Random
from typing import Any

from harness.contract import Contract
from harness.core import Secret

SIGNATURE = "X-Rutter-Signature"
CONNECTION_EVENTS = frozenset(
    {"INITIAL_UPDATE", "HISTORICAL_UPDATE", "INCREMENTAL_SYNC_COMPLETED", "BACKFILL_COMPLETED", "CARD_ACTIVATION_ERROR"}
)
"""Events of the family CONNECTION whose names do not say so."""
ENDINGS = ("_CREATED", "_UPDATED", "_DELETED", "_READY", "_FINISH_FAILED")
Body = dict[str, Any]


def event_types(contract: Contract) -> tuple[str, ...]:
    """Every event type that a webhook configuration can name. Source: [S24] WebhookConfigResponse.allow_list."""
    schema = contract.schemas["WebhookConfigResponse"]["properties"]["allow_list"]
    allowed = next(iter(_enums(schema)))
    return tuple(str(value) for value in allowed)


def _enums(schema: Any) -> list[list[Any]]:
    found: list[list[Any]] = []
    if isinstance(schema, Mapping):
        if "enum" in schema and "INITIAL_UPDATE" in schema["enum"]:
            found.append(schema["enum"])
        for part in schema.values():
            found += _enums(part)
    elif isinstance(schema, list):
        for part in schema:
            found += _enums(part)
    return found


def family(code: str) -> str:
    """The `type` of an event: CONNECTION, JOB, or the entity's name."""
    if code in CONNECTION_EVENTS or code.startswith("CONNECTION_"):
        return "CONNECTION"
    if code == "JOB_COMPLETED":
        return "JOB"
    return next((code.removesuffix(ending) for ending in ENDINGS if code.endswith(ending)), code)


class Source:
    """Makes bodies. Each has ids of its own, from a seeded source, so that it can be found again by what it names."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - ids of test events are no secrets

    def id(self) -> str:
        """A fresh uuid."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def body(self, code: str, **extra: Any) -> Body:
        """One event. `connection_id` is its mark."""
        kind = family(code)
        body: Body = {"type": kind, "code": code, "connection_id": self.id(), "access_token": self.id()}
        if code == "CONNECTION_NEEDS_UPDATE":
            body["update_url"] = f"https://link.rutterapi.com/connection/{body['connection_id']}"
        elif code == "CONNECTION_UPDATED":
            body["store_unique_id"] = "gauntlet"
        elif code == "HISTORICAL_UPDATE":
            body["entities_included_to_time_range"] = [{"platformEntity": "BILLS", "xMonthsAgo": 24}]
        elif kind == "JOB":
            body["job"] = {
                "id": self.id(),
                "status": "success",
                "request": {"method": "POST", "url": "/accounting/bills"},
                "response": {"http_status": 200, "body": {}},
            }
        elif kind != "CONNECTION":
            body[kind.lower()] = {"id": self.id(), "memo": "Überweisung für März", "total_amount": 14.5}
        return {**body, **extra}


def compact(body: Body) -> bytes:
    """The body without spaces, texts as they are: what JSON.stringify writes."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def spaced(body: Body) -> bytes:
    """The same value with spaces and escapes: other bytes, other signature."""
    return json.dumps(body, ensure_ascii=True, indent=1).encode()


def turned(body: Body) -> bytes:
    """The same value with its keys in the reverse order."""
    return compact(dict(reversed(body.items())))


def sign(content: bytes, secret: Secret) -> str:
    """`sha256=` and base64 of HMAC-SHA256 over exactly these bytes. Source: [D:implementation-guides/webhooks]."""
    return "sha256=" + base64.b64encode(_digest(content, secret)).decode()


def sign_hex(content: bytes, secret: Secret) -> str:
    """The digest in hexadecimal: what the API never sends."""
    return "sha256=" + _digest(content, secret).hex()


def _digest(content: bytes, secret: Secret) -> bytes:
    return hmac.new(secret.reveal().encode(), content, hashlib.sha256).digest()
