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
from datetime import datetime, timedelta
from random import Random
from typing import Any

from harness.contract import Contract
from harness.core import Secret, iso_utc

SIGNATURE = "X-Rutter-Signature"
CONNECTION_EVENTS = frozenset(
    {"INITIAL_UPDATE", "HISTORICAL_UPDATE", "INCREMENTAL_SYNC_COMPLETED", "BACKFILL_COMPLETED", "CARD_ACTIVATION_ERROR"}
)
"""Events of the family CONNECTION whose names do not say so."""
ESSENTIAL = ("INITIAL_UPDATE", "HISTORICAL_UPDATE", "CONNECTION_DISABLED", "CONNECTION_ERROR", "CONNECTION_LINK_ERROR",
             "CONNECTION_NEEDS_UPDATE", "CONNECTION_UPDATED")  # fmt: skip
"""Events that every integration has to process. Source: implementation checklist, step 2."""
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

    def __init__(self, seed: int, now: datetime) -> None:
        self._random = Random(seed)  # noqa: S311 - ids of test events are no secrets
        self._now = now

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
            body[kind.lower()] = self._object(self.id(), "Überweisung für März", 0)
        return {**body, **extra}

    def again(self, body: Body, code: str, memo: str, seconds: int, *, other: bool = False) -> Body:
        """An event of the same connection about the object of `body`, or about another one, `seconds` later."""
        kind = family(code)
        id = self.id() if other else body[family(str(body["code"])).lower()]["id"]
        return {**body, "type": kind, "code": code, kind.lower(): self._object(id, memo, seconds)}

    def _object(self, id: str, memo: str, seconds: int) -> Body:
        moment = iso_utc(self._now + timedelta(seconds=seconds))
        return {"id": id, "memo": memo, "total_amount": 14.5, "updated_at": moment, "last_synced_at": moment}


def compact(body: Body) -> bytes:
    """The body without spaces, texts as they are: what JSON.stringify writes."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def spaced(body: Body) -> bytes:
    """The same value with spaces and escapes: other bytes, other signature."""
    return json.dumps(body, ensure_ascii=True, indent=1).encode()


def turned(body: Body) -> bytes:
    """The same value with its keys in the reverse order."""
    return compact(dict(reversed(body.items())))


def ordered(body: Body, *, escape: bool = False) -> bytes:
    """The same value with its keys in alphabetical order: what Go and others write."""
    return json.dumps(body, ensure_ascii=escape, separators=(",", ":"), sort_keys=True).encode()


def escaped(body: Body) -> bytes:
    """The same value without spaces, other letters escaped."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()


def is_object(code: str) -> bool:
    """Whether an event is about a created or changed object."""
    return family(code) not in {"CONNECTION", "JOB"} and code.endswith(("_CREATED", "_UPDATED"))


def sign(content: bytes, secret: Secret) -> str:
    """`sha256=` and base64 of HMAC-SHA256 over exactly these bytes. Source: [D:implementation-guides/webhooks]."""
    return "sha256=" + base64.b64encode(_digest(content, secret)).decode()


def sign_hex(content: bytes, secret: Secret) -> str:
    """The digest in hexadecimal: what the API never sends."""
    return "sha256=" + _digest(content, secret).hex()


def _digest(content: bytes, secret: Secret) -> bytes:
    return hmac.new(secret.reveal().encode(), content, hashlib.sha256).digest()
