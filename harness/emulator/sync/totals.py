"""How much of each entity is in the API, and from when to when: what `/connections/status` shows. Source: [S24]."""

from collections.abc import Mapping
from typing import Any

from harness.contract import Contract
from harness.emulator.documents import Documents, Order, Query
from harness.emulator.storage.layout import layout_of, slot_of
from harness.emulator.sync.entities import DATED_BY_CREATION, DOCUMENT_DATES, STATEMENTS, sync_name

Fields = dict[str, Any]


def totals(store: Documents, contract: Contract, connection: Mapping[str, Any]) -> Fields:
    """Entity -> oldest and newest date and count. The dates come from kept keys, so that a million rows cost no more
    than ten; an entity that has no dated key shows the connection's start."""
    found: Fields = {}
    for resource in contract.resources:
        count = store.count(connection["id"], resource)
        if count:
            oldest, newest = _span(store, contract, connection["id"], resource) or (connection["created_at"],) * 2
            found[sync_name(contract, resource).lower()] = {
                "oldest_entity_date": oldest,
                "newest_entity_date": newest,
                "ready": True,
                "synced_count": count,
            }
    return found


def _span(store: Documents, contract: Contract, connection: str, resource: str) -> tuple[str, str] | None:
    layout = layout_of(contract, resource)
    names = ("start_date",) if resource in STATEMENTS else DOCUMENT_DATES
    for name in ("created_at", "updated_at") if resource in DATED_BY_CREATION else (*names, "created_at", "updated_at"):
        slot = slot_of(name, contract.resources[resource])
        if layout.column(slot) is None:
            continue
        edges = [store.page(connection, resource, Query(order=Order(slot, descending), limit=1))
                 for descending in (False, True)]  # fmt: skip
        oldest, newest = (page[0].document.get(name) if page else None for page in edges)
        if oldest and newest:
            return str(oldest), str(newest)
    return None
