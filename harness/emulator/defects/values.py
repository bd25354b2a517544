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


def _first_of_month(text: Any) -> Any:
    return text[:8] + "01" + text[10:] if isinstance(text, str) else text


register("offset_instead_of_z", "updated_at is spelled with +00:00", ("dates.format",),
         spoil=rows(lambda row: row.update(updated_at=row["updated_at"].replace("Z", "+00:00")) if row.get("updated_at") else None))  # fmt: skip
register("microseconds", "created_at has microseconds", ("dates.format",), resource="vendors",
         spoil=rows(lambda row: row.update(created_at=row["created_at"].replace("Z", "000Z")) if row.get("created_at") else None,
                    resource="vendors"))  # fmt: skip
register("statement_ends_at_once", "end_date of statements is the first of the month", ("dates.order",),
         resource="balance_sheets",
         spoil=rows(lambda row: row.update(end_date=_first_of_month(row["end_date"])), resource="balance_sheets"))  # fmt: skip
register("transaction_day_and_month_swapped", "day and month of transactions are swapped where both could be",
         ("dates.same_day",), resource="transactions",
         spoil=rows(lambda row: row.update(transaction_date=_swap(row["transaction_date"])), resource="transactions"))  # fmt: skip
register("sheet_out_of_balance", "total_assets is a hundred too high", ("money.totals",), resource="balance_sheets",
         spoil=rows(lambda row: row.update(total_assets=str(float(row["total_assets"]) + 100)), resource="balance_sheets"))  # fmt: skip
register("income_of_the_wrong_sign", "net_income is negated", ("money.usual_sums",), resource="income_statements",
         spoil=rows(lambda row: row.update(net_income=str(-float(row["net_income"]) - 1)), resource="income_statements"))  # fmt: skip
register("order_in_cents", "total_price of orders is in cents", ("money.usual_sums",), resource="orders",
         spoil=rows(lambda row: row.update(total_price=row["total_price"] * 100), resource="orders", operations=READS))  # fmt: skip
register("remaining_is_total", "nothing is taken off what remains of a credit", ("money.totals",),
         resource="bill_credit_memos",
         spoil=rows(lambda row: row.update(remaining_amount=row["total_amount"] + 1), resource="bill_credit_memos",
                    operations=READS))  # fmt: skip
register("price_doubled", "unit_amount of lines is twice the price", ("money.usual_sums",), resource="invoices",
         spoil=rows(lambda row: [line["item"].update(unit_amount=line["item"]["unit_amount"] * 2) for line in lines(row)
                                 if line.get("item") and line["item"].get("unit_amount")],
                    resource="invoices", operations=READS))  # fmt: skip
register("currency_by_name", "customers have the name of their currency", ("money.currency",), resource="customers",
         spoil=rows(lambda row: row.update(currency_code="US Dollar"), resource="customers", operations=READS))  # fmt: skip
