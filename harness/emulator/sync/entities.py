"""The three names of an entity beside its resource: in sync configurations, in sync requests, in webhooks."""

from collections.abc import Iterable, Mapping
from functools import cache

from harness.contract import Contract

SYNC_NAMES: Mapping[str, str] = {
    "customers": "ACCOUNTING_CUSTOMER",
    "customer_refunds": "ACCOUNTING_CUSTOMER_REFUND",
    "transactions": "ACCOUNTING_TRANSACTION",
    "cash_flow_statements": "CASH_FLOW",
    "currencies": "CURRENCIES",
    "items": "ITEMS",
    "tax_rates": "TAX_RATES",
    "product_categories": "CATEGORIES",
    "commerce_transactions": "TRANSACTION",
}
"""Resource -> SyncEntity, where it is not the entity in upper case. Source: [S24] SyncEntity; pairs INFERRED."""
EVENT_STEMS: Mapping[str, str | None] = {
    "customer_refunds": "ACCOUNTING_CUSTOMER_REFUND",
    "transactions": None,
    "commerce_transactions": "TRANSACTION",
    "commerce_customers": None,
}
"""Resource -> first part of its webhook codes, where it is not the entity in upper case; None: it has no webhooks.
Source: [S24] allowedTypes; INFERRED that TRANSACTION is the commerce one, CUSTOMER the accounting one."""
DOCUMENT_DATES = ("issue_date", "transaction_date", "txn_date")
DATED_BY_CREATION = frozenset({"orders", "payouts", "commerce_transactions"})
STATEMENTS = frozenset({"balance_sheets", "income_statements", "cash_flow_statements"})


def sync_name(contract: Contract, resource: str) -> str:
    """The name in sync configurations, upper case. Sync requests use the same in lower case. Source: trap 19."""
    return SYNC_NAMES.get(resource) or contract.resources[resource].entity.upper()


def event_stem(contract: Contract, resource: str) -> str | None:
    """`BILL` of `BILL_CREATED`; None for a resource that has no webhooks."""
    if resource in EVENT_STEMS:
        return EVENT_STEMS[resource]
    return contract.resources[resource].entity.upper()


@cache
def event_types(contract: Contract) -> tuple[str, ...]:
    """All event types. Source: [S24] allowedTypes."""
    schema = contract.schema("WebhookConfigResponse")
    return tuple(schema["properties"]["allow_list"]["properties"]["allowedTypes"]["items"]["enum"])


def resources_of(contract: Contract, names: Iterable[str]) -> frozenset[str]:
    """The resources that entity names stand for, in either case; names without a resource stand for nothing."""
    wanted = {name.upper() for name in names}
    return frozenset(name for name in contract.resources if sync_name(contract, name) in wanted)


@cache
def always_synced(contract: Contract) -> frozenset[str]:
    """The resources that no sync configuration can name, such as those of banks, ads and HRIS: every sync of all reads
    them. Source: [S24] SyncEntity; INFERRED, for their lists are documented and not empty."""
    named = set(contract.schema("SyncEntity").get("enum", ()))
    return frozenset(name for name in contract.resources if sync_name(contract, name) not in named)


def entity_date(resource: str, document: Mapping[str, object]) -> str | None:
    """The date that a look-back applies to, ISO; None for accounts, customers, products and the like, which are always
    synced in full. Source: [D:implementation-guides/configuring-platform-data-sync]."""
    if resource in STATEMENTS:
        return str(document.get("start_date") or "") or None
    names = ("created_at",) if resource in DATED_BY_CREATION else DOCUMENT_DATES
    found = next((document.get(name) for name in names if document.get(name)), None)
    return found if isinstance(found, str) else None
