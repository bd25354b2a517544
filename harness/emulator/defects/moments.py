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


GONE = "00000000-0000-4000-8000-00000000d15a"


def _gone_but_there(api: Any, request: Any) -> None:
    """The token of a disabled connection is as good as the first one's."""
    first = next(iter(api.organisation.connections.values()))["access_token"]
    if request.param("access_token") == GONE:
        request.query = [(name, first if name == "access_token" else value) for name, value in request.query]


def _disabled_one(api: Any, request: Any, answer: Any) -> None:
    """The list of disabled connections has one."""
    if request.path == "/connections" and request.param("status") == "disabled" and answer.status == 200:
        first = next(iter(api.organisation.connections.values()))
        body = json.loads(answer.content)
        body["connections"] = [{"id": GONE, "access_token": GONE, "link_url": "https://link.example.com/connection/1",
                                "platform": first["platform"], "status": "disabled", "name": "Gone",
                                "created_at": "2025-01-01T00:00:00.000Z", "updated_at": "2025-01-01T00:00:00.000Z"}]  # fmt: skip
        answer.content = json.dumps(body).encode()


register("disabled_still_answers", "a disabled connection answers data", ("config.disabled",), resource="api",
         hear=_gone_but_there, spoil=_disabled_one)  # fmt: skip
register("reads_hit_the_platform", "a read now and then is answered with the platform's limit",
         ("hygiene.platform_limit",), hear=_busy_reads)  # fmt: skip
register("url_undefined", "platform_url is the text undefined", ("fields.placeholder",),
         spoil=rows(lambda row: row.update(platform_url="undefined"), operations=READS))  # fmt: skip
register("own_parent", "an account with a parent is its own", ("fields.placeholder",), resource="accounts",
         spoil=rows(_own_parent, resource="accounts", operations=READS))  # fmt: skip
register("synced_in_the_future", "the last sync was completed in the future", ("config.health",), resource="api",
         spoil=answers(lambda _, body, __: _in_the_future(body), resource=None, operations=("get_status",)))  # fmt: skip
