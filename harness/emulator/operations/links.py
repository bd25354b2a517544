"""Short-lived links and codes: the PDF of an invoice, a bank feed's password and mapping page, a report."""

from datetime import timedelta
from typing import Any

from harness.core import iso_utc
from harness.emulator.messages import Json
from harness.emulator.operations.registry import Call, reads, writes
from harness.emulator.writing import Act

LIFETIME = timedelta(minutes=30)
"""INFERRED: how long codes and links live is not documented."""
ABOUT = "the shape alone is known [S24]; the lifetime is inferred"


def _expiry(call: Call) -> str:
    return iso_utc(call.api.clock.now() + LIFETIME)


@reads("invoices", "get_pdf", fidelity="specification", about=ABOUT)
def invoice_pdf(call: Call) -> Json:
    """`GET /accounting/invoices/{id}/pdf`: where the file is."""
    found = call.find("invoices", call.values["id"], "invoice")
    return Json({"invoice": {"pdf_link": f"https://example.com/invoices/{found['id']}.pdf"}})


@writes("bank_feed_otps", "create", fidelity="specification", about=ABOUT)
def bank_feed_password(call: Call) -> Act:
    """`POST /accounting/bank_feeds/otp`: a one-time password that the end user types on the platform."""
    call.object()

    def act() -> Any:
        address = "https://example.com/bank-feeds" if call.platform == "INTUIT_BANK_FEEDS" else None
        otp = f"{int(call.api.ids()[:8], 16) % 10**6:06d}"
        return {"bank_feed_otp": {"expires_at": _expiry(call), "otp": otp, "redirect_uri": address}}

    return act


@writes("bank_feed_accounts", "mapping_link", fidelity="specification", about=ABOUT)
def mapping_link(call: Call) -> Act:
    """`POST /accounting/bank_feeds/accounts/mapping_link`: the page on which the end user maps accounts."""
    call.object()

    def act() -> Any:
        url = f"https://link.rutterapi.com/bank-feeds/{call.api.ids()}"
        return {"bank_feed_account_mapping_link": {"expires_at": _expiry(call), "url": url}}

    return act


@reads("reports", "list", fidelity="specification", about=ABOUT)
def report(call: Call) -> Json:
    """`GET /accounting/reports`: where the financial report is; null for books without a company."""
    company = next(iter(call.rows("company_info")), None)
    if company is None:
        return Json({"report": None})
    told = {
        "id": company["id"],
        "platform_id": company["platform_id"],
        "base_currency_code": company["currency_code"],
        "createdAt": company["created_at"] or company["last_synced_at"],
        "name": company["name"],
        "updatedAt": company["updated_at"] or company["last_synced_at"],
        "addresses": company["addresses"],
        "last_synced_at": company["last_synced_at"],
    }
    form = (call.request.param("filter") or "TREE").lower()
    address = f"https://example.com/reports/{call.connection['id']}-{form}.json"
    return Json({"report": {"expires_at": _expiry(call), "report_url": address, "company_info": told}})
