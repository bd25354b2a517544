"""Defects that show at times only: in some months and years, where a list has more than one."""

from datetime import datetime, timedelta
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import Row, answers, bodies, look, rows

RANGES = ("list",)


def _day_before(text: str) -> str:
    moved = datetime.fromisoformat(text) - timedelta(days=1)
    return moved.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moved.microsecond // 1000:03d}Z"


def _moved_when(name: str, fits: Any) -> Any:
    """Store a date a day early when it fits."""

    def change(body: Row) -> None:
        text = body.get(name)
        if isinstance(text, str) and "T" in text and fits(text):
            body[name] = _day_before(text)

    return change


register("july_day_early", "days of July are stored a day early", ("dates.round_trip",), resource="expenses",
         hear=bodies(_moved_when("transaction_date", lambda text: text[5:7] == "07"), resource="expenses"))  # fmt: skip
register("old_day_early", "days before 2010 are stored a day early", ("dates.round_trip",),
         hear=bodies(_moved_when("issue_date", lambda text: text < "2010")))  # fmt: skip


def _short_year(body: Row) -> None:
    text = body.get("issue_date")
    if isinstance(text, str) and text[:4] > "2029":
        body["issue_date"] = f"19{text[2:]}"


register("year_of_two_digits", "years after 2029 are stored as those of the century before", ("dates.round_trip",),
         resource="invoices", hear=bodies(_short_year, resource="invoices"))  # fmt: skip


def _first_address(body: Row) -> None:
    for held in (body, body.get("additional_fields")):
        if isinstance(held, dict) and isinstance(held.get("addresses"), list):
            held["addresses"] = held["addresses"][:1]


register("second_address_lost", "of the addresses of a customer the first is stored",
         ("writes.echo", "roundtrip.persisted"), resource="customers",
         hear=bodies(_first_address, resource="customers"))  # fmt: skip


def _no_formula(body: Row) -> None:
    memo = body.get("memo")
    if isinstance(memo, str) and memo[:1] in "=+-@":
        body["memo"] = f"'{memo}"


register("formula_escaped", "a quote is put before a memo that begins like a formula",
         ("writes.echo", "roundtrip.persisted"), hear=bodies(_no_formula))  # fmt: skip


def _no_tags(body: Row) -> None:
    held = body.get("invoice_item")
    if isinstance(held, dict) and isinstance(held.get("description"), str):
        held["description"] = held["description"].replace("<tags>", "")


register("tags_stripped", "what stands between < and > is taken out of descriptions of items",
         ("writes.echo", "roundtrip.persisted"), resource="items", hear=bodies(_no_tags, resource="items"))  # fmt: skip


def _without_may(_scene: Any, body: Any, _answer: Any) -> None:
    body["balance_sheets"] = [row for row in body["balance_sheets"] if row["start_date"][5:7] != "05"]


register("month_missing", "there are no balance sheets of May", ("queries.range",), resource="balance_sheets",
         spoil=answers(_without_may, resource="balance_sheets", operations=RANGES))  # fmt: skip


def _elsewhere(row: Row) -> None:
    if row["start_date"][5:7] == "03":
        for name in ("starting_balance", "ending_balance"):
            row[name] = f"{float(row[name]) + 500:.2f}"


register("month_begins_elsewhere", "cash flow statements of March begin with more than February ended with",
         ("money.totals",), resource="cash_flow_statements",
         spoil=rows(_elsewhere, resource="cash_flow_statements"))  # fmt: skip


def _unknown_currency(row: Row) -> None:
    if row.get("currency_code") == "EUR":
        row["currency_code"] = "ZZZ"


register("currency_of_nowhere", "euros of customers are called ZZZ", ("money.currency",), resource="customers",
         spoil=rows(_unknown_currency, resource="customers"))  # fmt: skip


def _newer_when_expanded(scene: Any, body: Any, _answer: Any) -> None:
    held = body.get("vendors") if scene.operation.name == "list" else [body.get("vendor")]
    for row in held if scene.request.param("expand") else ():
        if isinstance(row.get("updated_at"), str):
            moved = datetime.fromisoformat(row["updated_at"]) + timedelta(seconds=5)
            row["updated_at"] = moved.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moved.microsecond // 1000:03d}Z"


register("expanded_rows_newer", "expanded vendors have a later updated_at", ("fields.same_everywhere",),
         resource="vendors", spoil=answers(_newer_when_expanded, resource="vendors"))  # fmt: skip


def _kind_of_the_readme(api: Any, request: Any, answer: Any) -> None:
    if answer.status == 401 and look(api, request) is not None:
        answer.content = answer.content.replace(b"CONNECTION_ERROR", b"AUTHENTICATION_ERROR")


register("auth_other_type", "wrong credentials have another error_type", ("errors.auth",), resource="api",
         spoil=_kind_of_the_readme)  # fmt: skip


def _rutter_id_type(_api: Any, request: Any) -> None:
    if any(pair == ("id_type", "rutter") for pair in request.query) and "/accounting/vendors/" in request.path:
        request.query = [("id_type", "platform") if pair[0] == "id_type" else pair for pair in request.query]


register("id_type_always_platform", "id_type=rutter looks up the platform's id", ("fields.envelope",),
         resource="vendors", hear=_rutter_id_type)  # fmt: skip


def _unsuccessful(_scene: Any, body: Any, _answer: Any) -> None:
    for held in (body, *body.values()):
        if isinstance(held, dict) and held.get("success") is True:
            held["success"] = False


register("credit_says_it_failed", "a credit is applied and the answer says that it was not", ("writes.accepted",),
         resource="invoice_credit_applications",
         spoil=answers(_unsuccessful, resource="invoice_credit_applications", operations=("create",)))  # fmt: skip


def _first_transaction(body: Row) -> None:
    if isinstance(body.get("transactions"), list):
        body["transactions"] = body["transactions"][:1]


register("bulk_keeps_the_first", "of the transactions of a bank feed the first is stored",
         ("writes.accepted",), resource="bank_feed_transactions",
         hear=bodies(_first_transaction, resource="bank_feed_transactions"))  # fmt: skip


def _remember_links(scene: Any, body: Any, _answer: Any) -> None:
    """A bill never lists fewer payments than it did."""
    known = scene.api.__dict__.setdefault("defect_links", {})
    bill = body.get("bill")
    if isinstance(bill, dict) and isinstance(bill.get("linked_payments"), list):
        most = known.setdefault(bill["id"], bill["linked_payments"])
        if len(bill["linked_payments"]) >= len(most):
            known[bill["id"]] = bill["linked_payments"]
        else:
            bill["linked_payments"] = most


register("deleted_payment_stays_linked", "a bill goes on listing payments that were deleted", ("roundtrip.linked",),
         resource="bill_payments",
         spoil=answers(_remember_links, operations=("get",)))  # fmt: skip
