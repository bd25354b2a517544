"""Defects of what stands second, inside or aside: further elements of lists, dates in links, orders nobody asked for."""

from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import Row, answers, bodies, look, queries, rows, without


def _first_of(name: str) -> Any:
    """Store the first element of a list."""

    def change(body: Row) -> None:
        if isinstance(body.get(name), list):
            body[name] = body[name][:1]

    return change


def _without_parent(body: Row) -> None:
    if isinstance(body.get("additional_fields"), dict):
        body["additional_fields"].pop("parent_id", None)


def _with_offsets(row: Row) -> None:
    for link in row.get("linked_payments") or ():
        if isinstance(link.get("allocated_date"), str):
            link["allocated_date"] = link["allocated_date"].replace("Z", "+00:00")


def _by_last_sync(query: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return query if any(name == "sort" for name, _ in query) else [*query, ("sort", "last_synced_at DESC")]


STORED = ("writes.echo", "roundtrip.persisted")

register("second_tag_lost", "of the tags of a product the first is stored", STORED, resource="products",
         hear=bodies(_first_of("tags"), resource="products"))  # fmt: skip
register("second_variant_lost", "of the variants of a product the first is stored", STORED, resource="products",
         hear=bodies(_first_of("variants"), resource="products"))  # fmt: skip
register("second_document_unpaid", "of the bills of a payment the first is paid", STORED, resource="bill_payments",
         hear=bodies(_first_of("linked_bills"), resource="bill_payments"))  # fmt: skip
register("parent_stays", "an update does not change the parent of a customer", ("roundtrip.persisted",),
         resource="customers",
         hear=bodies(_without_parent, resource="customers", operations=("update",)))  # fmt: skip
register("linked_dates_with_offset", "dates of linked payments are spelled with +00:00", ("dates.format",),
         spoil=rows(_with_offsets))  # fmt: skip
register("default_order_by_last_sync", "without sort a list is ordered by last_synced_at", ("queries.default_order",),
         resource="journal_entries", hear=queries(_by_last_sync, resource="journal_entries"))  # fmt: skip


def _today(body: Row) -> None:
    body.setdefault("transaction_date", "2026-01-31T00:00:00.000Z")


def _tagless(body: Row) -> None:
    if isinstance(body.get("email"), str):
        name, _, host = body["email"].lower().partition("@")
        body["email"] = f"{name.partition('+')[0]}@{host}"


def _wrapped(api: Any, request: Any) -> None:
    """A vendor that is sent without its wrapper is taken."""
    scene = look(api, request)
    if scene is None or scene.resource.name != "vendors" or scene.operation.name != "create":
        return
    if request.body.startswith(b"{") and request.body.endswith(b"}") and b'"vendor":' not in request.body:
        request.body = b'{"vendor": ' + request.body + b"}"


def _open_jobs(api: Any, request: Any) -> None:
    """A job that exists is told to anybody."""
    known = api.__dict__.setdefault("defect_jobs", {})
    if request.path.rpartition("/")[0].endswith("/jobs"):
        if "authorization" in request.headers:
            known[request.path] = request.headers["authorization"]
        elif request.path in known and not request.path.endswith("dead"):
            request.headers["authorization"] = known[request.path]


register("wrapper_not_needed", "a vendor is created from a body without its wrapper", ("writes.refused",),
         resource="vendors", hear=_wrapped)  # fmt: skip
register("jobs_need_no_credentials", "a job that exists is told without credentials", ("errors.auth",),
         hear=_open_jobs)  # fmt: skip


def _negated(row: Row) -> None:
    row["net_income"] = f"{-float(row['net_income']):.2f}"


def _without_shipping(row: Row) -> None:
    row["total_price"] = round(row["total_price"] - (row.get("total_shipping") or 0), 2)


def _often_down(_api: Any, request: Any, answer: Any) -> None:
    known = _api.__dict__.setdefault("defect_down", {"reads": 0})
    if request.method == "GET" and "/accounting/vendors" in request.path:
        known["reads"] += 1
        if known["reads"] % 9 == 0:
            answer.status = 500
            answer.content = b'{"error_type":"API_ERROR","error_code":"INTERNAL","error_message":"failed"}'


register("net_income_negated", "net_income has the other sign", ("money.usual_sums",), resource="income_statements",
         spoil=rows(_negated, resource="income_statements"))  # fmt: skip
register("order_without_shipping", "total_price lacks the shipping", ("money.usual_sums",), resource="orders",
         spoil=rows(_without_shipping, resource="orders"))  # fmt: skip
register("one_month_missing", "there is no balance sheet of June 2024", ("queries.range",), resource="balance_sheets",
         spoil=answers(lambda _, body, __: body.update(balance_sheets=[
             row for row in body["balance_sheets"] if row["start_date"][:7] != "2024-06"]),
             resource="balance_sheets", operations=("list",)))  # fmt: skip
register("event_resources_ignored", "events of all resources are told, whichever are asked for", ("config.events",),
         resource="events", hear=queries(without("resources"), resource="events"))  # fmt: skip
register("reads_fail_often", "one read of vendors in nine fails", ("hygiene.server_error",), resource="vendors",
         spoil=_often_down)  # fmt: skip
register("transfer_moves_to_today", "an update of a transfer that does not name its day moves it",
         ("roundtrip.untouched",), resource="bank_transfers",
         hear=bodies(_today, resource="bank_transfers", operations=("update",)))  # fmt: skip
register("email_made_plain", "capitals and tags of e-mail addresses are lost", STORED, resource="customers",
         hear=bodies(_tagless, resource="customers"))  # fmt: skip
register("deleted_product_unnamed", "the answer of a delete does not name the product", ("roundtrip.deleted",),
         resource="products",
         spoil=answers(lambda _, body, __: body.update(product=None), resource="products", operations=("delete",)))  # fmt: skip
