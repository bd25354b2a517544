"""Defects of writes: what is dropped, changed, doubled, or not done."""

import json
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import READS, Row, Scene, answers, bodies, lines, look, rows


def _round_lines(row: Row) -> None:
    for line in lines(row):
        if isinstance(line.get("total_amount"), float):
            line["total_amount"] = round(line["total_amount"])


register("patch_drops_memo", "an update of the memo is not stored", ("writes.echo", "roundtrip.persisted"),
         hear=bodies(lambda body: body.pop("memo", None), operations=("update",)))  # fmt: skip
register("patch_drops_due_date", "an update of due_date is not stored", ("roundtrip.persisted",),
         hear=bodies(lambda body: body.pop("due_date", None), operations=("update",)))  # fmt: skip
register("patch_only_answers", "an update answers the new memo and stores the old one", ("roundtrip.persisted",),
         hear=lambda api, request: _keep_sent(api, request), spoil=lambda api, request, answer: _show_sent(api, request, answer))  # fmt: skip
register("patch_clears_memo", "an update that does not name the memo clears it", ("roundtrip.untouched",),
         hear=bodies(lambda body: body.setdefault("memo", ""), operations=("update",)))  # fmt: skip
register("patch_keeps_updated_at", "updated_at does not move with an update", ("roundtrip.updated_at",),
         spoil=rows(lambda row: row.update(updated_at=row["created_at"])))  # fmt: skip
register("patch_appends_lines", "sent lines are added to the old ones",
         ("roundtrip.persisted",), spoil=answers(lambda scene, body, _: _append(scene, body), operations=("update", "get")))  # fmt: skip
register("create_drops_memo", "the memo of a create is not stored", ("writes.echo", "roundtrip.persisted"),
         hear=bodies(lambda body: body.pop("memo", None), operations=("create",)))  # fmt: skip
register("create_drops_line_description", "descriptions of lines are not stored", ("writes.echo",),
         hear=bodies(lambda body: [line.pop("description", None) for line in lines(body)], operations=("create",)))  # fmt: skip
register("create_drops_second_line", "only the first line is stored", ("writes.echo", "roundtrip.persisted"),
         hear=bodies(lambda body: body.update(line_items=body["line_items"][:1]) if body.get("line_items") else None))  # fmt: skip
register("create_reverses_lines", "lines come back in reverse order", ("writes.echo",),
         hear=bodies(lambda body: body.update(line_items=body["line_items"][::-1]) if body.get("line_items") else None))  # fmt: skip
register("create_rounds_amounts", "amounts of lines are rounded to whole units", ("money.round_trip", "writes.echo"),
         hear=bodies(_round_lines))  # fmt: skip
register("create_not_listed", "what was created is missing from the list", ("roundtrip.found",),
         spoil=answers(lambda scene, body, _: _hide_new(scene, body), operations=("list",)))  # fmt: skip
register("create_truncates_text", "texts are cut after 100 characters", ("roundtrip.persisted",),
         hear=bodies(lambda body: body.update(memo=body["memo"][:100]) if isinstance(body.get("memo"), str) else None))  # fmt: skip
register("create_normalises_text", "combining accents are joined", ("roundtrip.persisted",),
         hear=bodies(lambda body: body.update(memo=_nfc(body["memo"])) if isinstance(body.get("memo"), str) else None))  # fmt: skip
register("create_escapes_text", "texts are escaped for HTML", ("roundtrip.persisted",),
         hear=bodies(lambda body: body.update(memo=body["memo"].replace("&", "&amp;")) if body.get("memo") else None))  # fmt: skip
register("create_joins_lines_of_text", "line breaks become spaces", ("roundtrip.persisted",),
         hear=bodies(lambda body: body.update(memo=" ".join(body["memo"].split())) if body.get("memo") else None))  # fmt: skip
register("create_forces_currency", "every document is in USD", ("roundtrip.persisted", "writes.echo"),
         hear=bodies(lambda body: body.update(currency_code="USD") if "currency_code" in body else None))  # fmt: skip
register("create_forces_expense_type", "a refund is stored as an expense", ("writes.echo", "roundtrip.persisted"),
         resource="expenses",
         hear=bodies(lambda body: body.update(expense_type="expense") if "expense_type" in body else None,
                     resource="expenses", operations=("create",)))  # fmt: skip
register("discount_not_shown", "the discount of an invoice is 0 in every answer",
         ("writes.echo", "roundtrip.persisted", "money.totals"), resource="invoices",
         spoil=rows(lambda row: row.update(discount_amount=0), resource="invoices"))  # fmt: skip
register("create_answers_201", "a create answers 201", ("writes.accepted", "hygiene.status"),
         spoil=answers(lambda _, __, answer: setattr(answer, "status", 201), operations=("create",)))  # fmt: skip
register("create_unwrapped", "a create answers the bare object", ("writes.accepted",),
         spoil=answers(lambda _, body, __: body.update(body.pop("bill", {})), operations=("create",)))  # fmt: skip
register("write_carries_connection", "answers of writes carry connection", ("writes.envelope",),
         spoil=answers(lambda _, body, __: body.update(connection={"id": "x"}), operations=("create", "update")))  # fmt: skip
register("job_id_missing", "accepted writes have no X-Rutter-Job-ID", ("writes.accepted_mark",),
         spoil=answers(lambda _, __, answer: answer.headers.pop("x-rutter-job-id", None), operations=("create", "update")))  # fmt: skip
register("job_id_on_rejected", "rejected writes carry X-Rutter-Job-ID", ("writes.refused_mark",),
         spoil=answers(lambda _, __, answer: answer.headers.update({"x-rutter-job-id": "00000000-0000-4000-8000-0000000000aa"}),
                       operations=("create",), status=400))  # fmt: skip
register("missing_input_accepted", "a create without issue_date is taken", ("writes.refused",),
         hear=bodies(lambda body: body.setdefault("issue_date", "2024-01-01T00:00:00.000Z"), operations=("create",)))  # fmt: skip
register("refused_and_yet_created", "a refused create leaves an object behind", ("writes.created_nothing",),
         hear=lambda api, request: _create_anyway(api, request))  # fmt: skip
register("unknown_reference_accepted", "a create with an unknown vendor is taken", ("writes.refused",),
         hear=lambda api, request: _any_vendor(api, request))  # fmt: skip
register("delete_does_nothing", "a delete answers deleted and keeps the object", ("roundtrip.deleted",),
         hear=lambda api, request: _pretend(api, request))  # fmt: skip
register("delete_answers_404_again", "a second delete is a 404", ("roundtrip.deleted",),
         spoil=answers(lambda _, body, answer: _not_found(body, answer), operations=("delete",)))  # fmt: skip
register("delete_answers_entity", "a delete answers without code", ("roundtrip.deleted",),
         spoil=answers(lambda _, body, __: body.pop("code", None), operations=("delete",)))  # fmt: skip
register("deleted_stays_in_list", "a deleted object stays in the list", ("roundtrip.deleted",),
         hear=lambda api, request: _remember(api, request),
         spoil=answers(lambda scene, body, _: _put_back(scene, body), operations=("list",)))  # fmt: skip
register("payment_leaves_due", "a payment does not lower what is due", ("roundtrip.linked",),
         resource="bill_payments",
         spoil=rows(lambda row: row.update(amount_due=row["total_amount"]), operations=READS))  # fmt: skip
register("payment_not_linked", "bills do not list their payments", ("roundtrip.linked",),
         resource="bill_payments", spoil=rows(lambda row: row.update(linked_payments=[]), operations=READS))  # fmt: skip


def _keep_sent(api: Any, request: Any) -> None:
    scene = look(api, request)
    if scene is None or scene.resource.name != "bills" or scene.operation.name != "update":
        return
    body = json.loads(request.body)
    sent = body.get("bill") if isinstance(body, dict) else None
    if isinstance(sent, dict):
        api.__dict__.setdefault("defect_sent", {})[request.path] = dict(sent)
        sent.pop("memo", None)
        request.body = json.dumps(body).encode()


def _show_sent(api: Any, request: Any, answer: Any) -> None:
    sent = api.__dict__.get("defect_sent", {}).get(request.path)
    if request.method == "PATCH" and answer.status == 200 and sent and "memo" in sent:
        body = json.loads(answer.content)
        if isinstance(body.get("bill"), dict):
            body["bill"]["memo"] = sent["memo"]
            answer.content = json.dumps(body).encode()


def _append(scene: Scene, body: Any) -> None:
    """Show the lines twice after an update that named them."""
    kept = scene.api.__dict__.setdefault("defect_lines", {})
    if scene.operation.name == "update" and b"line_items" in scene.request.body:
        kept[scene.values.get("id")] = True
    found = body.get("bill")
    if isinstance(found, dict) and kept.get(found.get("id")):
        found["line_items"] = [*found["line_items"], *found["line_items"]]


def _hide_new(scene: Scene, body: Any) -> None:
    seeded = str(scene.api.settings.seed_at.date())
    key = scene.resource.list_key
    body[key] = [row for row in body[key] if str(row.get("created_at"))[:10] <= seeded]


def _nfc(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", text)


def _create_anyway(api: Any, request: Any) -> None:
    """Before a create without vendor_id, one with a vendor of the books."""
    scene = look(api, request)
    if scene is None or scene.resource.name != "bills" or scene.operation.name != "create":
        return
    try:
        body = json.loads(request.body)
    except ValueError:
        return
    inner = body.get("bill") if isinstance(body, dict) else None
    if isinstance(inner, dict) and inner and "vendor_id" not in inner:
        connection = api.organisation.by_token(request.param("access_token"))
        vendor = api.store.all(connection["id"], "vendors")[0].document["id"]
        copied = type(request)(request.method, request.path, list(request.query),
                               {key: value for key, value in request.headers.items() if key != "idempotency-key"},
                               json.dumps({"bill": {**inner, "vendor_id": vendor}}).encode(), request.url)  # fmt: skip
        api.answer(copied)


def _any_vendor(api: Any, request: Any) -> None:
    """Put a vendor of the books where an unknown one was sent."""
    scene = look(api, request)
    if scene is not None and scene.resource.name == "bills" and scene.operation.name == "create":
        connection = api.organisation.by_token(request.param("access_token"))
        vendor = api.store.all(connection["id"], "vendors")[0].document["id"]
        request.body = request.body.replace(UNKNOWN_VENDOR, vendor.encode())


UNKNOWN_VENDOR = b"00000000-0000-4000-8000-00000000dead"


def _pretend(api: Any, request: Any) -> Any:
    from harness.emulator.messages import Answer

    scene = look(api, request)
    if scene is not None and scene.resource.name == "bills" and scene.operation.name == "delete":
        return Answer(200, b'{"code":"deleted","success":true}')
    return None


def _not_found(body: Any, answer: Any) -> None:
    if body.get("code") == "not_found":
        answer.status = 404
        body.clear()
        body.update(error_type="API_REQUEST_ERROR", error_code="NOT_FOUND", error_message="There is no such object.")


def _remember(api: Any, request: Any) -> None:
    scene = look(api, request)
    if scene is None or scene.resource.name != "bills" or scene.operation.name != "delete":
        return
    connection = api.organisation.by_token(request.param("access_token"))
    row = api.store.get(connection["id"], "bills", scene.values.get("id"))
    if row is not None:
        shown = {name: value for name, value in row.document.items() if name != "platform_data"}
        api.__dict__.setdefault("defect_deleted", {}).setdefault(connection["id"], []).append(shown)


def _put_back(scene: Scene, body: Any) -> None:
    connection = scene.api.organisation.by_token(scene.request.param("access_token"))
    gone = scene.api.__dict__.get("defect_deleted", {}).get(connection["id"], [])
    if not scene.request.param("cursor"):
        body["bills"] = [*gone, *body["bills"]]
