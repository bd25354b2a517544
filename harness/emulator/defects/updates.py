"""Defects of updates and of long or odd inputs: what a PATCH loses, moves, or does to other things."""

from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import READS, Row, bodies, lines, rows

UPDATE = ("update",)


def _texts(change: Any) -> Any:
    """Change the memo of a body and the descriptions of its lines."""

    def each(body: Row) -> None:
        for place in (body, *lines(body)):
            for name in ("memo", "description"):
                if isinstance(place.get(name), str):
                    place[name] = change(place[name])

    return each


def _patched(change: Any) -> Any:
    """Change every text of an update's body, whole values only."""
    return lambda body: body.update({name: change(value) for name, value in body.items() if isinstance(value, str)})


register("patch_drops_reference", "an update of vendor_id is not stored", ("writes.echo", "roundtrip.persisted"),
         hear=bodies(lambda body: body.pop("vendor_id", None), operations=UPDATE))  # fmt: skip
register("patch_drops_lines", "lines of an update are not stored", ("writes.echo", "roundtrip.persisted"),
         resource="journal_entries",
         hear=bodies(lambda body: body.pop("line_items", None), resource="journal_entries", operations=UPDATE))  # fmt: skip
register("patch_does_not_void", "a payment that is made void is answered 200 and stays active",
         ("writes.echo", "roundtrip.persisted"), resource="bill_payments",
         hear=bodies(lambda body: body.pop("status", None), resource="bill_payments", operations=UPDATE))  # fmt: skip
register("patch_clears_number", "a sales order loses its number with an update", ("roundtrip.untouched",),
         resource="sales_orders",
         spoil=rows(lambda row: row.update(document_number=None) if row.get("updated_at") != row.get("created_at") else None,
                    resource="sales_orders", operations=READS))  # fmt: skip
register("patch_replaces_deposit", "a deposit keeps only the lines of the update", ("roundtrip.persisted",),
         resource="bank_deposits",
         spoil=rows(lambda row: row.update(line_items=row["line_items"][-1:]), resource="bank_deposits",
                    operations=("get", "update")))  # fmt: skip
register("patch_escapes_text", "texts of updates are escaped for HTML", ("roundtrip.persisted",),
         hear=bodies(_patched(lambda text: text.replace("&", "&amp;")), operations=UPDATE))  # fmt: skip
register("patch_moves_leap_day", "an update stores the 29th of February as the 28th", ("roundtrip.persisted",),
         hear=bodies(_patched(lambda text: text.replace("-02-29", "-02-28")), operations=UPDATE))  # fmt: skip
register("patch_loses_department", "department_id is null after an update that does not name it",
         ("roundtrip.untouched",),
         spoil=rows(lambda row: row.update(department_id=None) if row.get("updated_at") != row.get("created_at") else None,
                    operations=("get", "update")))  # fmt: skip
register("text_cut_at_4000", "texts are cut after 4,000 characters", ("roundtrip.persisted",),
         hear=bodies(_texts(lambda text: text[:4000])))  # fmt: skip
register("text_trimmed", "spaces around texts are lost", ("roundtrip.persisted",), hear=bodies(_texts(str.strip)))
register("lines_capped", "lines beyond the 25th are lost", ("writes.echo", "roundtrip.persisted"),
         hear=bodies(lambda body: body.update(line_items=body["line_items"][:25]) if body.get("line_items") else None))  # fmt: skip
register("lines_alike_are_one", "lines that are alike become one", ("writes.echo",),
         hear=bodies(lambda body: body.update(line_items=_distinct(body["line_items"])) if body.get("line_items") else None))  # fmt: skip
register("rate_rounded", "currency_rate is rounded to two places", ("writes.echo",),
         hear=bodies(lambda body: body.update(currency_rate=round(body["currency_rate"], 2)) if "currency_rate" in body else None))  # fmt: skip
register("early_hour_moves_day", "a time before five in the morning becomes the day before", ("dates.round_trip",),
         hear=bodies(lambda body: body.update({name: _night(value) for name, value in body.items()})))  # fmt: skip
register("total_of_the_create", "total_amount stays that of the create when lines are updated", ("money.totals",),
         spoil=rows(lambda row: row.update(total_amount=1234.57) if row.get("updated_at") != row.get("created_at") else None,
                    operations=READS))  # fmt: skip


def _distinct(found: list[Row]) -> list[Row]:
    return [line for index, line in enumerate(found) if line not in found[:index]]


def _night(value: Any) -> Any:
    from datetime import date, timedelta

    if not isinstance(value, str) or "T04" not in value:
        return value
    return f"{date.fromisoformat(value[:10]) - timedelta(days=1)}{value[10:]}"
