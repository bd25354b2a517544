"""Defects of dates and amounts."""

from datetime import datetime, timedelta
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import READS, Row, bodies, lines, rows


def _moved(text: Any, **by: float) -> Any:
    if not isinstance(text, str) or "T" not in text:
        return text
    moved = datetime.fromisoformat(text) + timedelta(**by)
    return moved.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moved.microsecond // 1000:03d}Z"


def _issue(change: Any, **options: Any) -> Any:
    """Change issue_date where it is shown."""
    return rows(
        lambda row: row.update(issue_date=change(row["issue_date"])) if row.get("issue_date") else None, **options
    )


def _only(condition: Any, change: Any) -> Any:
    return lambda text: change(text) if condition(text) else text


def _swap(text: str) -> str:
    """Day for month, where both could be either."""
    year, month, day = text[:4], text[5:7], text[8:10]
    return f"{year}-{day}-{month}{text[10:]}" if int(day) <= 12 else text


register("day_early", "issue_date comes back a day early", ("dates.round_trip", "writes.echo"),
         spoil=_issue(lambda text: _moved(text, days=-1)))  # fmt: skip
register("day_late_on_write", "issue_date is stored a day late", ("dates.round_trip",),
         hear=bodies(lambda body: body.update(issue_date=_moved(body["issue_date"], days=1)) if body.get("issue_date") else None))  # fmt: skip
register("leap_day_moves", "the 29th of February becomes the 1st of March", ("dates.round_trip",),
         spoil=_issue(_only(lambda text: "-02-29" in text, lambda text: text.replace("-02-29", "-03-01"))))  # fmt: skip
register("month_end_moves", "the 31st becomes the 30th", ("dates.round_trip",),
         spoil=_issue(_only(lambda text: "-31T" in text, lambda text: text.replace("-31T", "-30T"))))  # fmt: skip
register("year_end_moves", "the last day of the year becomes the first of the next", ("dates.round_trip",),
         spoil=_issue(_only(lambda text: "-12-31" in text, lambda text: _moved(text, days=1))))  # fmt: skip
register("day_and_month_swapped", "day and month are swapped where both could be", ("dates.round_trip",),
         spoil=_issue(_swap))  # fmt: skip
register("midnight_shifted", "dates are midnight in New York", ("dates.midnight_shift",),
         spoil=_issue(lambda text: _moved(text, hours=5)))  # fmt: skip
register("zone_missing", "timestamps have no zone", ("dates.format", "fields.format"),
         spoil=rows(lambda row: row.update(updated_at=row["updated_at"].rstrip("Z")) if row.get("updated_at") else None))  # fmt: skip
register("date_only", "issue_date is a plain day", ("dates.format", "fields.format"),
         spoil=_issue(lambda text: text[:10]))  # fmt: skip
register("epoch_instead_of_date", "due_date is milliseconds", ("fields.type", "dates.format"),
         spoil=rows(lambda row: row.update(due_date=1709164800000) if row.get("due_date") else None))  # fmt: skip
register("year_1970", "last_synced_at is in 1970", ("dates.plausible",),
         spoil=rows(lambda row: row.update(last_synced_at="1970-01-20T12:00:00.000Z"), operations=READS))  # fmt: skip
register("created_after_updated", "created_at is after updated_at", ("dates.order",),
         spoil=rows(lambda row: row.update(created_at=_moved(row["updated_at"], days=30)) if row.get("updated_at") else None,
                    operations=READS))  # fmt: skip
register("late_hour_moves_day", "a late hour becomes the next day", ("dates.round_trip",),
         hear=bodies(lambda body: body.update(issue_date=_late(body["issue_date"])) if body.get("issue_date") else None))  # fmt: skip


def _late(text: str) -> str:
    return str(_moved(text, hours=2)) if "T23" in text else text


def _scaled(row: Row) -> None:
    if row.get("currency_code") == "JPY":
        row["total_amount"] = row["total_amount"] * 100
        for line in lines(row):
            line["total_amount"] = line["total_amount"] * 100


def _two_places(row: Row) -> None:
    for line in lines(row):
        line["total_amount"] = round(line["total_amount"], 2)


register("yen_scaled", "yen are shown in hundredths", ("money.round_trip", "money.totals"),
         spoil=rows(_scaled))  # fmt: skip
register("dinars_rounded", "the third decimal of dinars is lost", ("money.round_trip",), hear=bodies(_two_places))
register("total_without_tax", "total_amount leaves tax out", ("money.totals",),
         spoil=rows(lambda row: row.update(total_amount=row.get("sub_total") or row["total_amount"]), operations=READS))  # fmt: skip
register("total_is_first_line", "total_amount is that of the first line", ("money.totals", "money.round_trip"),
         spoil=rows(lambda row: row.update(total_amount=row["line_items"][0]["total_amount"]) if row.get("line_items") else None))  # fmt: skip
register("due_is_total", "amount_due does not follow from payments", ("money.totals",),
         spoil=rows(lambda row: row.update(amount_due=row["total_amount"]), operations=READS))  # fmt: skip
register("binary_noise", "amounts carry binary noise", ("money.minor_units",),
         spoil=rows(lambda row: row.update(total_amount=row["total_amount"] + 0.00000001), operations=READS))  # fmt: skip
register("currency_in_small_letters", "currency codes are in small letters", ("money.currency", "fields.enum", "writes.echo"),
         spoil=rows(lambda row: row.update(currency_code=str(row["currency_code"]).lower()) if row.get("currency_code") else None))  # fmt: skip
register("sign_lost", "negative lines of journals are positive", ("money.totals", "writes.echo", "roundtrip.persisted"),
         resource="journal_entries",
         spoil=rows(lambda row: [line.update(total_amount=abs(line["total_amount"])) for line in lines(row)],
                    resource="journal_entries"))  # fmt: skip
