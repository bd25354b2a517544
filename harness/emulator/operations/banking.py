"""What banks tell of one account: its balance and its numbers. The rest of banking, ads and HRIS are plain lists."""

from typing import Any

from harness.emulator.bookkeeping.amounts import amount, number
from harness.emulator.credentials import derived
from harness.emulator.errors import invalid_request, unknown_id
from harness.emulator.messages import Json
from harness.emulator.operations.registry import Call, Document, reads

ABOUT = "the shape alone is known [S24]"


def _account(call: Call) -> Document:
    """The account of the path, by either id. Source: [S24] id_type."""
    id, kind = call.values["id"], call.request.param("id_type") or "rutter"
    if kind == "rutter":
        return call.find("bank_accounts", id, "bank_account")
    if kind != "platform":
        raise invalid_request("id_type is rutter or platform.", parameter="id_type")
    for row in call.rows("bank_accounts"):
        if row["platform_id"] == id:
            return row
    raise unknown_id(call.api.settings, "bank_account")


def _marks(call: Call, account: Document, kind: str) -> Document:
    return {
        "id": derived(call.api.settings, f"{account['id']}:{kind}"),
        "platform_id": account["platform_id"],
        "last_synced_at": account["last_synced_at"],
    }


@reads("bank_accounts", "get_balance", fidelity="specification", about=ABOUT)
def balance(call: Call) -> Json:
    """`GET /banking/bank_accounts/{id}/balance`."""
    account = _account(call)
    value: Any = number(amount(int(account["id"][:6], 16), "USD"))
    told = {**_marks(call, account, "balance"), "account_id": account["id"], "available": value, "current": value,
            "currency_code": "USD"}  # fmt: skip
    return Json({"bank_account_balance": told, "connection": call.block()})


@reads("bank_accounts", "get_details", fidelity="specification", about=ABOUT)
def details(call: Call) -> Json:
    """`GET /banking/bank_accounts/{id}/details`: made-up numbers, routed to a test bank."""
    account = _account(call)
    digits = f"{int(account['id'][:8], 16) % 10**10:010d}"
    ach = {"account_number": digits, "routing_number": "021000021", "wire_routing_number": "021000021"}
    told = {**_marks(call, account, "details"), "ach": ach}
    return Json({"bank_account_details": told, "connection": call.block()})
