"""Defects that show now and then, or in what only the API fills."""

import json
from datetime import datetime, timedelta
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import READS, Row, answers, look, rows

EVERY = 6


def _nth(api: Any, name: str) -> bool:
    """Whether this is one time in `EVERY`."""
    counts = api.__dict__.setdefault("defect_moments", {})
    counts[name] = counts.get(name, 0) + 1
    return bool(counts[name] % EVERY == 0)


def _busy_reads(api: Any, request: Any) -> Any:
    from harness.emulator.messages import Answer

    scene = look(api, request)
    if scene is None or scene.resource.name != "bills" or scene.operation.name != "list" or not _nth(api, "busy"):
        return None
    body = {"error_type": "PLATFORM_ERROR", "error_code": "PLATFORM_RATE_LIMITED", "error_message": "busy"}
    return Answer(452, json.dumps(body).encode())


def _own_parent(row: Row) -> None:
    if row.get("parent_id") is not None:
        row["parent_id"] = row["id"]


def _in_the_future(body: Any) -> None:
    done = body["status"].get("last_sync_completed_at")
    if done:
        later = datetime.fromisoformat(done) + timedelta(days=4_000)
        body["status"]["last_sync_completed_at"] = f"{later:%Y-%m-%dT%H:%M:%S}.000Z"


register("reads_hit_the_platform", "a read now and then is answered with the platform's limit",
         ("hygiene.platform_limit",), hear=_busy_reads)  # fmt: skip
register("url_undefined", "platform_url is the text undefined", ("fields.placeholder",),
         spoil=rows(lambda row: row.update(platform_url="undefined"), operations=READS))  # fmt: skip
register("own_parent", "an account with a parent is its own", ("fields.placeholder",), resource="accounts",
         spoil=rows(_own_parent, resource="accounts", operations=READS))  # fmt: skip
register("synced_in_the_future", "the last sync was completed in the future", ("config.health",), resource="api",
         spoil=answers(lambda _, body, __: _in_the_future(body), resource=None, operations=("get_status",)))  # fmt: skip
