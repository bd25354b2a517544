"""How the API shows a connection's state: `/connections/status` and `/connections/access_token`. Source: [S24]."""

from collections.abc import Mapping
from typing import Any

from harness.emulator.quirks import quirk
from harness.emulator.sync.progress import Progress, progress_of

Fields = dict[str, Any]


def status(connection: Mapping[str, Any], totals: Fields, block: Fields) -> Fields:
    """The body of `GET /connections/status`. `totals` are the entity counts, `block` the usual `connection`."""
    state = connection["status"]
    progress = progress_of(connection)
    return {
        "status": {
            "last_sync_completed_at": connection["last_sync_completed_at"] if state != "not_ready" else None,
            "is_healthy": state == "active",
            "is_ready": state != "not_ready",
            "link_url": connection["link_url"],
            "platform": connection["platform"],
            "needs_update_status": {"needs_update": state == "needs_reauth"},
            "disabled_status": {
                "is_disabled": state == "disabled",
                "disabled_reason": connection.get("disabled_reason") if state == "disabled" else None,
            },
            "historical_sync_status": _history(connection, progress, totals),
            "created_at": connection["created_at"],
        },
        "connection": block,
    }


def details(connection: Mapping[str, Any], totals: Fields) -> Fields:
    """The body of `GET /connections/access_token`."""
    state = connection["status"]
    orders = totals.get("order", {})
    return {
        "connection": {
            "id": connection["id"],
            "store_unique_id": connection["store_unique_id"],
            "estimated_completed_at": None,
            "last_sync_completed_at": connection["last_sync_completed_at"],
            "last_sync_started_at": connection["last_sync_started_at"],
            "oldest_order_date": orders.get("oldest_entity_date"),
            "newest_order_date": orders.get("newest_entity_date"),
            "disabled": state == "disabled",
            "link_url": connection["link_url"],
            "needs_update": state == "needs_reauth",
            "platform": connection["platform"],
            "initial_orders_synced_count": orders.get("synced_count", 0),
            "store_domain": None,
            "store_name": connection["name"],
            "unavailable_objects": [],
            "created_at": connection["created_at"],
        }
    }


COUNTED = {"order": "synced_orders_count", "transaction": "synced_transactions_count",
           "balance_sheet": "synced_balance_sheets_count", "cash_flow": "synced_cash_flows_count",
           "income_statement": "synced_income_statements_count"}  # fmt: skip


def _history(connection: Mapping[str, Any], progress: Progress, totals: Fields) -> Fields:
    ready = connection["status"] != "not_ready"
    counts = {name: totals[entity]["synced_count"] if entity in totals else None for entity, name in COUNTED.items()}
    return {
        "historical_sync_completed": progress.history_done and ready,
        "total": totals if ready else {name: {**item, "ready": False} for name, item in totals.items()},
        "num_batches_completed": progress.batches,
        **counts,
        "expected_entity_counts": _expected(progress, totals)
        if quirk(connection["platform"], "counts_expected")
        else None,
        "batches": [_batch(number, progress, totals, connection) for number in range(1, len(progress.planned) + 1)],
    }


def _expected(progress: Progress, totals: Fields) -> list[Fields]:
    """Of completed batches the counts are known; before that they are null. Source: [S24], QuickBooks only."""
    done = max(progress.batches, 1)
    return [
        {
            "batch_num": done,
            "entity": name,
            "is_estimate": not progress.history_done,
            "count": item["synced_count"],
        }
        for name, item in totals.items()
    ]


def _batch(number: int, progress: Progress, totals: Fields, connection: Mapping[str, Any]) -> Fields:
    state = "COMPLETED" if number <= progress.batches else "NOT_STARTED"
    if number == progress.batches + 1 and progress.stage == "initial":
        state = "IN_PROGRESS"
    edge = connection["created_at"]
    info = {}
    for entity in progress.planned[number - 1]["entities"]:
        known = totals.get(entity.lower(), {})
        info[entity.lower()] = {
            "oldest_batch_entity_date": known.get("oldest_entity_date", edge),
            "newest_batch_entity_date": known.get("newest_entity_date", edge),
            "status": state,
        }
    return {"batch_num": number, "progress_info": info, "config": None}
