"""What an event means: pure functions from a body to what has to be done. `code` names the event; `type` is its family.

An event is a hint, never the truth: it may come twice, late, or out of order (trap 21). So it changes nothing by what
it says, but makes a wish: read this again. Only a deletion is taken at its word, because what is gone cannot be read.
"""

import hashlib
import json
from collections.abc import Mapping
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
HIDDEN = "***"


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
    """The event in a raw body; None when it is no JSON object with a `code`."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        return None
    kind, connection = body.get("type"), body.get("connection_id")
    return Event(
        digest=hashlib.sha256(content).hexdigest(),
        code=body["code"][:80],
        kind=(kind if isinstance(kind, str) else "")[:80],
        connection_id=connection[:64] if isinstance(connection, str) else None,
        body=json.dumps(without_secrets(body), ensure_ascii=False),
    )


def without_secrets(value: Any) -> Any:
    """A JSON value whose tokens are hidden, at any depth."""
    if isinstance(value, dict):
        return {
            key: HIDDEN if key.lower() in SECRET_KEYS and item is not None else without_secrets(item)
            for key, item in value.items()
        }
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


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
    return list(dict.fromkeys(id for id in (*ids, *beside) if isinstance(id, str) and id))
