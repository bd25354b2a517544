"""Defects of what the organisation's own endpoints answer: connections, configuration, events."""

import json
from collections.abc import Callable
from typing import Any

from harness.emulator.defects.registry import Spoil, register

OTHER = "00000000-0000-4000-8000-00000000000b"


def _at(path: str, change: Callable[[Any, Any], Any]) -> Spoil:
    """Change the bodies of 200 answers below a path: `change(body, request)` works in place."""

    def spoil(_api: Any, request: Any, answer: Any) -> None:
        if request.method == "GET" and request.path.startswith(path) and answer.status == 200:
            body = json.loads(answer.content)
            change(body, request)
            answer.content = json.dumps(body, ensure_ascii=False).encode()

    return spoil


register("connection_without_dates", "connections are listed without created_at", ("config.schema",), resource="api",
         spoil=_at("/connections", lambda body, request: [item.pop("created_at") for item in body["connections"]]
                   if request.path == "/connections" else None))  # fmt: skip
register("disabled_reason_unknown", "the reason of a disabled connection is none of the documented", ("config.schema",),
         resource="api",
         spoil=_at("/connections/status", lambda body, _: body["status"]["disabled_status"].update(disabled_reason="WHY")))  # fmt: skip
register("status_of_another_connection", "the status is of another connection", ("config.identity",), resource="api",
         spoil=_at("/connections/status", lambda body, _: body["connection"].update(id=OTHER)))  # fmt: skip
register("nothing_counts_as_synced", "every synced_count is 0", ("config.counts",), resource="api",
         spoil=_at("/connections/status", lambda body, _: [
             item.update(synced_count=0) for item in body["status"]["historical_sync_status"]["total"].values()]))  # fmt: skip
register("token_of_another_connection", "an access token is said to be of another connection", ("config.identity",),
         resource="api",
         spoil=_at("/connections/access_token", lambda body, _: body["connection"].update(id=OTHER)))  # fmt: skip
register("status_filter_ignored", "GET /connections holds all whatever status is asked for", ("config.status_filter",),
         resource="api",
         hear=lambda _, request: setattr(request, "query", [item for item in request.query if item[0] != "status"])
         if request.path == "/connections" else None)  # fmt: skip
register("connection_listed_twice", "the first connection is listed twice", ("config.status_filter",), resource="api",
         spoil=_at("/connections", lambda body, request: body["connections"].extend(body["connections"][:1])
                   if request.path == "/connections" else None))  # fmt: skip
register("webhook_differs_by_id", "a webhook has another address by its id", ("config.same_by_id",), resource="api",
         spoil=_at("/configs/webhooks/", lambda body, _: body.update(url="https://example.net/other")))  # fmt: skip
register("sync_entities_in_small_letters", "the sync configuration names entities in small letters", ("config.schema",),
         resource="api",
         spoil=_at("/configs/sync/", lambda body, _: [item.update(entities=[name.lower() for name in item["entities"]])
                                                      for item in body["initialSync"]["batches"]]))  # fmt: skip
register("events_under_data", "events come under data", ("config.schema",), resource="api",
         spoil=_at("/events", lambda body, _: body.update(data=body.pop("events"))))  # fmt: skip
register("events_of_all_resources", "the events of a resource hold those of others", ("config.events",), resource="events",
         spoil=_at("/events", lambda body, _: [item.update(resource="ACCOUNT") for item in body["events"]]))  # fmt: skip
