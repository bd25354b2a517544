"""What an event means: pure functions from a body to what has to be done. `code` names the event; `type` is its family.

An event is a hint, never the truth: it may come twice, late, or out of order (trap 21). So it changes nothing by what
it says, but makes a wish: read this again. Only a deletion is taken at its word, because what is gone cannot be read.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

RESOURCES: Mapping[str, str] = {
    "ACCOUNT": "accounts", "ACCOUNTING_CUSTOMER_REFUND": "customer_refunds", "BANK_DEPOSIT": "bank_deposits",
    "BANK_FEED_ACCOUNT": "bank_feed_accounts", "BANK_TRANSFER": "bank_transfers", "BILL": "bills",
    "BILL_CREDIT_MEMO": "bill_credit_memos", "BILL_PAYMENT": "bill_payments", "CLASS": "classes",
    "COMPANY_INFO": "company_info", "CURRENCY": "currencies", "CUSTOMER": "customers", "DEPARTMENT": "departments",
    "EXPENSE": "expenses", "INVOICE": "invoices", "INVOICE_CREDIT_MEMO": "invoice_credit_memos",
    "INVOICE_PAYMENT": "invoice_payments", "ITEM": "items", "JOURNAL_ENTRY": "journal_entries",
    "LOCATION": "locations", "ORDER": "orders", "PAYMENT_METHOD": "payment_methods", "PAYMENT_TERM": "payment_terms",
    "PAYOUT": "payouts", "PRODUCT": "products", "PROJECT": "projects", "PURCHASE_ORDER": "purchase_orders",
    "SALES_ORDER": "sales_orders", "STORE": "store", "SUBSIDIARY": "subsidiaries", "TASK": "tasks",
    "TAX_RATE": "tax_rates", "TRANSACTION": "transactions", "VENDOR": "vendors",
}  # fmt: skip
"""Family of an entity's events -> resource. Source: [S24] webhook event types."""

FAMILY_CONNECTION, JOB = "CONNECTION", "JOB"
WRITE = "write:"
"""Before the reference of a write: carry it on."""
CONNECTION, EVERYTHING, DELETIONS, WHOLE = "connection", "everything", "deletions", "whole:"
"""What may be wished for beside resources: the connection's state, all it has, what was deleted, and, before the name
of a resource, that its next walk is a whole one."""
DATA_CODES = frozenset(
    {"INITIAL_UPDATE", "HISTORICAL_UPDATE", "INCREMENTAL_SYNC_COMPLETED", "BACKFILL_COMPLETED", "CONNECTION_UPDATED"}
)
"""Connection events after which there is data to read."""
SECRET_KEYS = frozenset({"access_token", "public_token", "client_secret", "secret", "token"})
LONGEST_ID = 64
HIDDEN, SHORTEST = "***", 8
"""What stands where a token was, and the letters from which one is looked for elsewhere: shorter ones are words."""
_NAMED = re.compile(rf"({'|'.join(sorted(SECRET_KEYS))})(=|%3[Dd])[^&\s\"'<>#]+", re.IGNORECASE)
"""A token in a text, by its name: the access token is a query parameter of every address (section 1)."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""NUL, which PostgreSQL refuses, and halves of characters: JSON may hold both, and UTF-8 no such half."""


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook that is one. `body` is what is stored: the JSON without its tokens. `digest` is over the raw bytes."""

    digest: str
    code: str
    kind: str
    connection_id: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event makes: `wishes` to read again, the (resource, id) that are gone, `jobs` that ended."""

    wishes: tuple[str, ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    jobs: tuple[str, ...] = ()


def event_of(content: bytes) -> Event | None:
    """The event in a raw body; None when it is no JSON object with a `code`, or nested deeper than can be read."""
    try:
        body = json.loads(content)
        if not isinstance(body, dict) or not isinstance(body.get("code"), str):
            return None
        kept = json.dumps(without_secrets(_of_job(body) if body.get("type") == JOB else body))
    except (ValueError, RecursionError):
        return None
    kind, connection = body.get("type"), body.get("connection_id")
    return Event(
        digest=hashlib.sha256(content).hexdigest(),
        code=storable(body["code"], 80),
        kind=storable(kind, 80) if isinstance(kind, str) else "",
        connection_id=storable(connection, 64) if isinstance(connection, str) else None,
        body=kept,
    )


def _of_job(body: dict[str, Any]) -> dict[str, Any]:
    """A job's event without what was written: it names no connection, so that its data could not be removed with one.
    Source: [I], JOB_COMPLETED has no connection_id."""
    job = body.get("job")
    return (
        {**body, "job": {name: job[name] for name in ("id", "status") if name in job}}
        if isinstance(job, dict)
        else {"type": JOB, "code": body["code"]}
    )


def storable(text: str, longest: int) -> str:
    """A text that every database takes, cut to a length. The API's own ids and names come back as they are."""
    return _UNSTORABLE.sub("\ufffd", text[:longest])


def without_secrets(value: Any) -> Any:
    """A JSON value whose tokens are hidden, at any depth: under their names, in texts such as addresses, and wherever
    else one stands that the value itself names."""
    known = sorted(set(_secrets(value)), key=len, reverse=True)
    spoken = re.compile("|".join(map(re.escape, known))) if known else None
    return _hidden(value, spoken)


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key.lower() in SECRET_KEYS and isinstance(item, str) and len(item) >= SHORTEST:
                yield item
            else:
                yield from _secrets(item)
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item)


def _hidden(value: Any, spoken: re.Pattern[str] | None) -> Any:
    if isinstance(value, dict):
        return {
            _hidden(key, spoken): HIDDEN if key.lower() in SECRET_KEYS and item is not None else _hidden(item, spoken)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_hidden(item, spoken) for item in value]
    if not isinstance(value, str):
        return value
    text = value if spoken is None else spoken.sub(HIDDEN, value)
    return _NAMED.sub(rf"\1\2{HIDDEN}", text) if "=" in text or "%3" in text else text


def effect_of(event: Event) -> Effect:
    """What the event makes; nothing for one without a connection or of a new kind, which is acknowledged all the
    same. Source: version policy."""
    if event.kind == FAMILY_CONNECTION:
        return Effect((CONNECTION, EVERYTHING) if event.code in DATA_CODES else (CONNECTION,))
    if event.kind == JOB:
        return Effect(jobs=tuple(_ids(json_body(event), "job")))
    resource = RESOURCES.get(event.kind)
    if resource is None:
        return Effect()
    if not event.code.endswith("_DELETED"):
        return Effect((resource,))
    return Effect((resource,), tuple((resource, id) for id in _ids(json_body(event), event.kind.lower())))


def json_body(event: Event) -> dict[str, Any]:
    """What was stored of an event."""
    return dict(json.loads(event.body))


def _ids(body: Mapping[str, Any], key: str) -> list[str]:
    """The ids of the objects that an event is about: under the entity's name, one or several (UNVERIFIED shape), or
    beside it."""
    found = body.get(key)
    objects = found if isinstance(found, list) else [found]
    ids = [item.get("id") if isinstance(item, dict) else item for item in objects]
    beside = [body.get("id"), body.get(f"{key}_id")]
    return list(dict.fromkeys(storable(id, LONGEST_ID) for id in (*ids, *beside) if isinstance(id, str) and id))
