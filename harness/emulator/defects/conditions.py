"""Defects that show only under a condition: on later pages, in combination, at month ends, in foreign currencies."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import READS, Row, Scene, answers, bodies, lines, queries, rows, rows_of, without

SHORT_MONTHS = ("-04-30", "-06-30", "-09-30", "-11-30")


def _each_text(change: Any) -> Any:
    """Change the memo of a body and the descriptions of its lines."""

    def each(body: Row) -> None:
        for place in (body, *lines(body)):
            for name in ("memo", "description"):
                if isinstance(place.get(name), str):
                    place[name] = change(place[name])

    return each


def _list(change: Any, resource: str = "bills") -> Any:
    return answers(change, resource=resource, operations=("list",))


def _later(text: Any) -> Any:
    """The last day of a month of thirty days as the first of the next month."""
    if isinstance(text, str) and text[4:10] in SHORT_MONTHS:
        return f"{text[:5]}{int(text[5:7]) + 1:02d}-01{text[10:]}"
    return text


def _earlier(text: str) -> str:
    moved = datetime.fromisoformat(text) - timedelta(hours=7)
    return f"{moved:%Y-%m-%dT%H:%M:%S}.000Z"


def _unsigned(body: Row) -> None:
    for line in lines(body):
        if isinstance(line.get("total_amount"), (int, float)):
            line["total_amount"] = abs(line["total_amount"])


def _plain_rate(row: Row) -> None:
    """A changed row in a foreign currency has lost its rate."""
    if row.get("updated_at") != row.get("created_at") and row.get("currency_code") != "USD":
        row["currency_rate"] = type(row.get("currency_rate") or "1")(1)


def _memory(api: Any, name: str) -> Any:
    return api.__dict__.setdefault(f"defect_{name}", {})


def _first_status(scene: Scene, body: Any) -> None:
    for row in rows_of(body, scene.resource):
        row["status"] = _memory(scene.api, "status").setdefault(row["id"], row["status"])


def _small_payment(body: Row) -> None:
    for link in body.get("linked_bills") or ():
        if isinstance(link.get("allocated_amount"), (int, float)) and link["allocated_amount"] > 1_000:
            link["allocated_amount"] = 1_000


def _cut(scene: Scene, body: Any, wrong: bool) -> None:
    if wrong:
        body[scene.resource.list_key] = body[scene.resource.list_key][:-1]


def _reversed(scene: Scene, body: Any) -> None:
    if scene.request.param("sort") and scene.request.param("cursor"):
        body[scene.resource.list_key] = body[scene.resource.list_key][::-1]


def _unexpanded(scene: Scene, body: Any) -> None:
    for row in rows_of(body, scene.resource) if scene.request.param("cursor") else ():
        row.pop("platform_data", None)


def _used_by_another(api: Any, request: Any) -> Any:
    """A key that another connection used with the same body answers with its object."""
    from harness.emulator.messages import Answer

    used = _memory(api, "used").get(request.headers.get("idempotency-key"))
    if used is None or request.method != "POST" or used[0] == request.param("access_token") or used[1] != request.body:
        return None
    return Answer(200, used[2], {"x-rutter-job-id": "00000000-0000-4000-8000-0000000000fe"})


def _remember_use(api: Any, request: Any, answer: Any) -> None:
    key = request.headers.get("idempotency-key")
    done = key and request.method == "POST" and answer.status == 200 and request.path.endswith("/vendors")
    if done and "async_response" not in json.loads(answer.content):
        _memory(api, "used").setdefault(key, (request.param("access_token"), request.body, answer.content))


def _without_key(_api: Any, request: Any) -> None:
    if request.path.endswith("/bank_feeds/transactions"):
        request.headers.pop("idempotency-key", None)


def _without_key_of_jobs(_api: Any, request: Any) -> None:
    if b'"async"' in request.body and request.path.endswith("/bills"):
        request.headers.pop("idempotency-key", None)


def _odd_filter(pair: tuple[str, str]) -> bool:
    return pair[0] == "filter" and pair[1].startswith(("platform_id=", "memo=", "currency_code="))


def _rounded_quantities(body: Row) -> None:
    for line in lines(body):
        item = line.get("item")
        if isinstance(item, dict) and isinstance(item.get("quantity"), float):
            item["quantity"] = round(item["quantity"], 2)


register("short_months_end_late", "the 30th of a month of thirty days becomes the first of the next",
         ("dates.round_trip",), hear=bodies(lambda body: body.update({name: _later(value) for name, value in body.items()})))  # fmt: skip
register("credit_lines_lose_their_sign", "a line below zero is stored above it", ("money.round_trip",),
         hear=bodies(_unsigned))  # fmt: skip
register("rate_lost_by_update", "an update of a bill in a foreign currency sets its rate to one",
         ("roundtrip.persisted",), spoil=rows(_plain_rate, operations=("get", "update")))  # fmt: skip
register("paid_bill_stays_open", "a bill keeps the status that it was first read with", ("roundtrip.paid_off",),
         resource="bill_payments",
         spoil=answers(lambda scene, body, _: _first_status(scene, body), operations=READS))  # fmt: skip
register("overpayment_cut", "a payment above a thousand is taken as one of a thousand", ("roundtrip.paid_off",),
         resource="bill_payments", hear=bodies(_small_payment, resource="bill_payments", operations=("create",)))  # fmt: skip
register("created_in_local_time", "created_at of new bills is seven hours early", ("dates.fresh",),
         spoil=rows(lambda row: row.update(created_at=_earlier(row["created_at"])), operations=("create",)))  # fmt: skip
register("last_payment_only", "a bill lists only the last of its payments", ("roundtrip.paid_off",),
         resource="bill_payments",
         spoil=rows(lambda row: row.update(linked_payments=(row.get("linked_payments") or [])[-1:]), operations=READS))  # fmt: skip
register("asynchronous_key_ignored", "the key of an asynchronous create is ignored", ("idempotency.replay",),
         hear=_without_key_of_jobs)  # fmt: skip
register("quantity_in_cents", "quantities are rounded to two decimals", ("writes.echo",), resource="invoices",
         hear=bodies(_rounded_quantities, resource="invoices"))  # fmt: skip
register("zeros_lost_by_update", "an update drops the zeros in front of a document number", ("roundtrip.persisted",),
         hear=bodies(lambda body: body.update({name: body[name].lstrip("0") for name in body if name == "document_number"}),
                     operations=("update",)))  # fmt: skip
register("unfilterable_ignored", "a filter on a field that is not filterable is ignored", ("queries.filter",),
         hear=queries(lambda query: without("filter")(query) if any(_odd_filter(pair) for pair in query) else query))  # fmt: skip
register("lines_share_an_id", "all lines of a bill have the same id", ("fields.unique_id",),
         spoil=rows(lambda row: [line.update(id="1") for line in lines(row)], operations=READS))  # fmt: skip
register("names_are_one", "all vendors have the name of the first", ("fields.distinct",), resource="vendors",
         spoil=answers(lambda scene, body, _: [row.update(vendor_name="constant") for row in rows_of(body, scene.resource)],
                       resource="vendors"))  # fmt: skip
register("order_in_the_shop_currency", "a new order is in the currency of the shop, whatever was sent", ("writes.echo",), resource="orders",
         hear=bodies(lambda body: body.update(currency_code="EUR"), resource="orders", operations=("create",)))  # fmt: skip
register("large_page_loses_last", "a page of 500 lacks its last row", ("queries.limit",),
         spoil=_list(lambda scene, body, _: _cut(scene, body, scene.request.param("limit") == "500")))  # fmt: skip
register("sorted_second_page_reversed", "further pages of a sorted list are turned round", ("queries.sort",),
         spoil=_list(lambda scene, body, _: _reversed(scene, body)))  # fmt: skip
register("filter_ignored_when_sorted", "filter does nothing beside sort", ("queries.filter",),
         hear=queries(lambda query: without("filter")(query) if any(name == "sort" for name, _ in query) else query))  # fmt: skip
register("expand_on_the_first_page_only", "further pages of an expanded list are not expanded", ("queries.expand",),
         spoil=_list(lambda scene, body, _: _unexpanded(scene, body)))  # fmt: skip
register("text_percent_decoded", "percent signs in texts are taken for escapes", ("roundtrip.persisted",),
         hear=bodies(_each_text(unquote)))  # fmt: skip
register("carriage_returns_lost", "line breaks of texts are made alike", ("roundtrip.persisted",),
         hear=bodies(_each_text(lambda text: text.replace("\r\n", "\n"))))  # fmt: skip
register("key_shared_by_connections", "a key of another connection answers with that customer's vendor",
         ("idempotency.scope",), resource="vendors", hear=_used_by_another, spoil=_remember_use)  # fmt: skip
register("bank_feed_key_ignored", "the key of bank feed transactions is ignored", ("idempotency.replay",),
         resource="bank_feed_transactions", hear=_without_key)  # fmt: skip
