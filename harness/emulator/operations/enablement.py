"""Supplier enablement: which vendors take cards, and the activation of a card with one. Source: [S24] shapes alone."""

from collections.abc import Mapping
from typing import Any

from harness.emulator.bookkeeping.amounts import exact, number, total
from harness.emulator.credentials import derived
from harness.emulator.messages import Answer, Json
from harness.emulator.operations.registry import Call, Document, reads, writes
from harness.emulator.writing import Act

ABOUT = "the shape alone is known [S24]; spend is summed from the books, what a vendor takes is made up"
CARDS = "the shape alone is known [S24]; the order of states is inferred"
ACTIVATIONS = "card_activation"
RESOURCE, MERCHANTS = "supplier_enablement_card_activations", "supplier_enablement_merchants"
ENRICHMENTS = "supplier_enablement_enrichments"
MOST_VENDORS = 200
UNKNOWN = dict.fromkeys(("accepts_card_sources", "card_accept_options_sources", "card_fee_sources",
                         "card_accept_options", "billing_portal_link", "card_activation_flow", "card_fee",
                         "manual_activation_instructions", "merchant_code"))  # fmt: skip


@reads(RESOURCE, "list", fidelity="specification", about=CARDS)
def activations(call: Call) -> Json:
    """`GET /supplier_enablement/card_activations`."""
    return Json({"card_activations": call.things(ACTIVATIONS)})


@reads(RESOURCE, "get", fidelity="specification", about=CARDS)
def activation(call: Call) -> Json:
    """`GET /supplier_enablement/card_activations/{id}`."""
    return Json({"card_activation": call.thing(ACTIVATIONS, call.values["id"])})


def _create(call: Call) -> Act:
    sent = call.sent()["card_activation"]
    if call.resource.name == RESOURCE:
        call.find("vendors", sent["vendor_id"], "vendor")

    def act() -> Any:
        id = call.api.ids()
        made = {"id": id, "card_activation_type": "billing_portal", "created_at": call.moment,
                **_state("card" in sent, id)}  # fmt: skip
        return {"card_activation": call.keep(ACTIVATIONS, made)}

    return act


def _update(call: Call) -> Act:
    call.sent()
    found = call.thing(ACTIVATIONS, call.values["id"])
    return lambda: {"card_activation": call.keep(ACTIVATIONS, {**found, **_state(True, found["id"])})}


def _state(has_card: bool, id: str) -> Document:
    """With a card nothing is left to do for the user."""
    return {
        "status": "pending_switch" if has_card else "pending_card",
        "user_action_needed": not has_card,
        "user_action_url": None if has_card else f"https://link.rutterapi.com/card-activation/{id}",
    }


writes(RESOURCE, "create", fidelity="specification", about=CARDS, sealed=True)(_create)
writes(RESOURCE, "update", fidelity="specification", about=CARDS, sealed=True)(_update)
writes(MERCHANTS, "card_activations_post", fidelity="specification", about=CARDS, sealed=True)(_create)
writes(MERCHANTS, "card_activations", fidelity="specification", about=CARDS, sealed=True)(_update)


def _enrichment(call: Call) -> Document:
    bills, expenses = _by_vendor(call, "bills"), _by_vendor(call, "expenses")
    vendors = [_vendor(row, bills.get(row["id"], []), expenses.get(row["id"], []))
               for row in call.rows("vendors")[:MOST_VENDORS]]  # fmt: skip
    days = [row["issue_date"] for rows in bills.values() for row in rows if row.get("issue_date")]
    return {
        "id": derived(call.api.settings, f"{call.connection['id']}:enrichment"),
        "analysis_start_date": min(days, default=None),
        "analysis_end_date": max(days, default=None),
        "source": "rutter",
        "status": "completed",
        "progress": {"completion_percentage": 100, "estimated_time_remaining": 0, "processed_vendors": len(vendors),
                     "total_vendors": len(vendors)},
        "files": [],
        "vendors": vendors,
    }  # fmt: skip


def _by_vendor(call: Call, resource: str) -> dict[str, list[Document]]:
    groups: dict[str, list[Document]] = {}
    for row in call.rows(resource):
        groups.setdefault(str(row.get("vendor_id")), []).append(row)
    return groups


def _vendor(row: Mapping[str, Any], bills: list[Document], expenses: list[Document]) -> Document:
    spent = total(exact(item.get("total_amount")) for item in (*bills, *expenses))
    takes = int(row["id"][:2], 16) % 2 == 0
    return {
        **UNKNOWN,
        "id": row["id"],
        "vendor_name": row["vendor_name"],
        "vendor_address": "",
        "latest_bill_issue_date": max((item["issue_date"] for item in bills if item.get("issue_date")), default=None),
        "latest_expense_transaction_date": max(
            (item["transaction_date"] for item in expenses if item.get("transaction_date")), default=None
        ),
        "eligible_card_spend": number(max(spent, exact(0))) if takes else 0,
        "total_spend": number(max(spent, exact(0))),
        "accepts_card": takes,
        "has_card_fees": False,
        "current_payment_account": None,
        "current_payment_method": None,
        "current_payment_source": None,
        "payment_link": None,
        "historical_payment_methods": None,
        "total_bills_count": len(bills),
        "total_expenses_count": len(expenses),
    }


@reads(ENRICHMENTS, "list", fidelity="specification", about=ABOUT)
def enrichments(call: Call) -> Json | Answer | bytes:
    """`GET /supplier_enablement/enrichments`."""
    return Json({"enrichments": [_enrichment(call)]})


@writes(ENRICHMENTS, "create", fidelity="specification", about=ABOUT)
def enrich(call: Call) -> Act:
    """`POST /supplier_enablement/enrichments`: an analysis of the vendors of the books, at once."""
    call.object()
    return lambda: {"enrichment": _enrichment(call)}


@reads("supplier_enablement_enrichments_flat", "list", fidelity="specification", about=ABOUT)
def enrichment_flat(call: Call) -> Json:
    """`GET /supplier_enablement_enrichments`."""
    return Json(_enrichment(call))


@reads(MERCHANTS, "get_enrichments", fidelity="specification", about="made up: no access token says whose vendor it is")
def merchant(call: Call) -> Json:
    """`GET /supplier_enablement/merchants/{id}/enrichments`."""
    told = {**UNKNOWN, "vendor_name": f"Merchant {call.values['id']}", "vendor_address": "", "accepts_card": True,
            "has_card_fees": False}  # fmt: skip
    return Json({"enrichment": told})
