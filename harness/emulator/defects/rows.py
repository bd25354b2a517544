"""Defects of what is read: keys, types, forms, consistency."""

from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import READS, Row, Scene, answers, lines, rows, rows_of


def _drop(name: str) -> Any:
    return lambda row: row.pop(name, None)


def _set(name: str, value: Any) -> Any:
    return lambda row: row.update({name: value})


def _as_text(name: str) -> Any:
    return lambda row: row.update({name: str(row[name])}) if row.get(name) is not None else None


register("key_missing", "A required key is absent where its value is null", ("fields.present",),
         spoil=rows(lambda row: row.pop("memo", None) if row.get("memo") is None else None, operations=READS))  # fmt: skip
register("key_missing_in_one_row", "A required key is absent in one row of each page", ("fields.present",),
         spoil=rows(_drop("status"), operations=("list",), every=1000))  # fmt: skip
register("line_key_missing", "A line has no total_amount", ("fields.present",),
         spoil=rows(lambda row: [line.pop("total_amount", None) for line in lines(row)], operations=("list",)))  # fmt: skip
register("null_where_none_is_allowed", "id of every tenth row is null", ("fields.null",),
         spoil=rows(_set("id", None), operations=("list",), every=10, resource="vendors"), resource="vendors")  # fmt: skip
register("amount_as_text", "total_amount is a text", ("fields.type", "money.number"),
         spoil=rows(_as_text("total_amount")))  # fmt: skip
register("line_amount_as_text", "total_amount of lines is a text", ("fields.type",),
         spoil=rows(lambda row: [_as_text("total_amount")(line) for line in lines(row)]))  # fmt: skip
register("object_instead_of_array", "line_items is an object when there is one line", ("fields.type",),
         spoil=rows(lambda row: row.update(line_items=row["line_items"][0]) if len(row["line_items"]) == 1 else None,
                    operations=("list",)))  # fmt: skip
register("enum_in_capitals", "status is in capitals", ("fields.enum",),
         spoil=rows(lambda row: row.update(status=str(row["status"]).upper()) if row.get("status") else None))  # fmt: skip
register("enum_unknown", "a status that no document names, in most rows", ("fields.enum",),
         spoil=answers(lambda scene, body, _: [row.update(status="in_limbo") for row in rows_of(body, scene.resource)
                                               if not row["id"].endswith(("0", "1"))]))  # fmt: skip
register("id_no_uuid", "created_at has no form of a timestamp", ("fields.format", "dates.format"),
         spoil=rows(_set("created_at", "yesterday"), operations=("list",)))  # fmt: skip
register("duplicate_id", "the second row of a page has the id of the first", ("fields.unique_id",),
         spoil=answers(lambda scene, body, _: _same_id(scene, body), operations=("list",)))  # fmt: skip
register("platform_data_leaks", "platform_data is always there", ("fields.no_platform_data",),
         spoil=rows(_set("platform_data", {"Id": "1"}), operations=("list",)))  # fmt: skip
register("platform_data_leaks_in_get", "platform_data is always in the single object", ("fields.no_platform_data",),
         spoil=rows(_set("platform_data", {"Id": "1"}), operations=("get",)))  # fmt: skip
register("list_key_wrong", "the list comes under data", ("fields.envelope",),
         spoil=answers(lambda _, body, __: body.update(data=body.pop("bills", [])), operations=("list",)))  # fmt: skip
register("item_unwrapped", "the single object comes without its wrapper", ("fields.envelope",),
         spoil=answers(lambda _, body, __: _unwrap(body), operations=("get",)))  # fmt: skip
register("connection_missing", "reads do not say which connection they are from", ("fields.connection",),
         spoil=answers(lambda _, body, __: body.pop("connection", None)))  # fmt: skip
register("connection_wrong", "reads name another connection", ("fields.connection",),
         spoil=answers(lambda _, body, __: body["connection"].update(id="00000000-0000-4000-8000-000000000001")))  # fmt: skip
register("connection_platform_wrong", "reads name another platform", ("fields.connection",),
         spoil=answers(lambda _, body, __: body["connection"].update(platform="QUICKBOOKS_ONLINE")))  # fmt: skip
register("list_without_due_date", "due_date is null in lists and right in the single object",
         ("fields.list_equals_get", "fields.fill"), spoil=rows(_set("due_date", None), operations=("list",)))  # fmt: skip
register("get_without_lines", "the single object has one line", ("fields.list_equals_get",),
         spoil=rows(lambda row: row.update(line_items=row["line_items"][:1]), operations=("get",)))  # fmt: skip
register("get_cent_off", "the single object's total is a cent off", ("fields.list_equals_get",),
         spoil=rows(lambda row: row.update(total_amount=round(row["total_amount"] + 0.01, 3)), operations=("get",)))  # fmt: skip
register("text_mangled", "texts are decoded as Latin-1", ("roundtrip.persisted",),
         spoil=rows(lambda row: row.update(memo=row["memo"].encode().decode("latin-1")) if row.get("memo") else None,
                    operations=READS))  # fmt: skip
register("dangling_reference", "vendor_id names a vendor that does not exist", ("fields.reference",),
         spoil=rows(_set("vendor_id", "00000000-0000-4000-8000-000000000002"), operations=READS, every=9))  # fmt: skip
register("document_number_empty", "document_number is empty", ("fields.fill",),
         spoil=rows(_set("document_number", ""), operations=READS))  # fmt: skip
register("name_empty", "some vendors have an empty name", ("fields.required",), resource="vendors",
         spoil=rows(_set("vendor_name", ""), operations=READS, every=6, resource="vendors"))  # fmt: skip
register("vendor_id_null", "vendor_id is null in some rows", ("fields.required",),
         spoil=rows(_set("vendor_id", None), operations=READS, every=5))  # fmt: skip
register("planned_key_missing", "a key that plans need, and the contract does not, is absent", ("fields.nullable",),
         spoil=rows(_drop("linked_payments"), operations=READS))  # fmt: skip


def _same_id(scene: Scene, body: Any) -> None:
    found: list[Row] = rows_of(body, scene.resource)
    if len(found) > 1:
        found[1]["id"] = found[0]["id"]


def _unwrap(body: Any) -> None:
    inner = body.pop("bill", None)
    if isinstance(inner, dict):
        body.update(inner)
