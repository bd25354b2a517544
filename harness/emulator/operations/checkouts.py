"""Checkout sessions of agents (ACP and UCP): a basket that is filled, paid, or given up. Source: [S24] shapes alone.

No access token is sent; a session belongs to the merchant of the path. Prices are made up from the item's id, since the
contract does not say whose catalogue it is (INFERRED). Amounts of ACP are in minor units, those of UCP too (INFERRED).
"""

import hashlib
from typing import Any

from harness.emulator.bookkeeping import Refused
from harness.emulator.messages import Json
from harness.emulator.operations.registry import Call, Document, reads, writes
from harness.emulator.writing import Act

ABOUT = "the shape alone is known [S24]; prices, totals and the order of states are inferred"
ACP, UCP = "acp_checkout_sessions", "ucp_checkout_sessions"
SHIPPING = 500
UCP_VERSION = "2026-01-11"
CLOSED = frozenset({"completed", "canceled"})


def price(item: str) -> int:
    """The price of an item in minor units, the same at every request."""
    return int(hashlib.sha256(item.encode()).hexdigest()[:6], 16) % 20_000 + 100


def _session(call: Call) -> Document:
    return call.thing(call.resource.name, call.values["id"])


def _open(session: Document) -> None:
    if session["status"] in CLOSED:
        raise Refused(f"The checkout session is {session['status']}.")


def _acp(session: Document, sent: Document) -> Document:
    """A session of ACP after what was sent."""
    made = session | {name: sent[name] for name in ("buyer", "fulfillment_address") if name in sent}
    if sent.get("items"):
        made["line_items"] = [_acp_line(number, item) for number, item in enumerate(sent["items"], 1)]
    made["fulfillment_options"] = _acp_options() if "fulfillment_address" in made else []
    chosen = sent.get("fulfillment_option_id", made.get("fulfillment_option_id"))
    if chosen is not None and any(option["id"] == chosen for option in made["fulfillment_options"]):
        made["fulfillment_option_id"] = chosen
    goods = sum(line["total"] for line in made["line_items"])
    shipping = SHIPPING if "fulfillment_option_id" in made else 0
    made["totals"] = [
        {"type": "subtotal", "display_text": "Subtotal", "amount": goods},
        {"type": "fulfillment", "display_text": "Shipping", "amount": shipping},
        {"type": "total", "display_text": "Total", "amount": goods + shipping},
    ]
    ready = "buyer" in made and "fulfillment_option_id" in made
    made["status"] = "ready_for_payment" if ready else "not_ready_for_payment"
    return made


def _acp_line(number: int, item: Document) -> Document:
    base = price(item["id"]) * item["quantity"]
    return {"id": f"line_{number}", "item": dict(item), "base_amount": base, "discount": 0, "subtotal": base, "tax": 0,
            "total": base}  # fmt: skip


def _acp_options() -> list[Document]:
    return [{"id": "standard", "type": "shipping", "title": "Standard", "subtitle": "Three to five days",
             "carrier_info": "Post", "earliest_delivery_time": "2024-09-03T00:00:00Z",
             "latest_delivery_time": "2024-09-05T00:00:00Z", "subtotal": SHIPPING, "tax": 0,
             "total": SHIPPING}]  # fmt: skip


@writes(ACP, "create", fidelity="inferred", about=ABOUT)
def acp_create(call: Call) -> Act:
    """`POST /acp/{merchantId}/checkout_sessions`."""
    sent = call.sent()

    def act() -> Any:
        links = [{"type": "terms_of_use", "value": "https://example.com/terms"}]
        base = {"id": call.api.ids(), "currency": "usd", "links": links, "messages": [], "line_items": [],
                "payment_provider": {"provider": "stripe", "supported_payment_methods": ["card"]}}  # fmt: skip
        return call.keep(ACP, _acp(base, sent))

    return act


@writes(ACP, "update", fidelity="inferred", about=ABOUT)
def acp_update(call: Call) -> Act:
    """`PATCH /acp/{merchantId}/checkout_sessions/{id}`."""
    sent, session = call.sent(), _session(call)

    def act() -> Any:
        _open(session)
        return call.keep(ACP, _acp(session, sent))

    return act


@writes(ACP, "complete", fidelity="inferred", about=ABOUT, sealed=True)
def acp_complete(call: Call) -> Act:
    """`POST /acp/{merchantId}/checkout_sessions/{id}/complete`: paid, and an order is made."""
    sent, session = call.sent(), _session(call)

    def act() -> Any:
        _open(session)
        buyer = {"buyer": sent["buyer"]} if "buyer" in sent else {}
        done = call.keep(ACP, {**session, **buyer, "status": "completed"})
        return {**done, "order": {"id": call.api.ids()}}

    return act


def _ucp(session: Document, sent: Document) -> Document:
    """A session of UCP after what was sent."""
    made = session | {name: sent[name] for name in ("buyer", "payment", "fulfillment") if name in sent}
    if "line_items" in sent:
        made["line_items"] = [_ucp_line(number, line) for number, line in enumerate(sent["line_items"], 1)]
    goods = sum(line["total"] for line in made["line_items"])
    made["totals"] = [{"type": "subtotal", "amount": goods, "display_text": "Subtotal"},
                      {"type": "total", "amount": goods, "display_text": "Total"}]  # fmt: skip
    return made


def _ucp_line(number: int, line: Document) -> Document:
    item = line["item"]
    base = price(item["id"]) * line["quantity"]
    return {"id": f"line_{number}", "quantity": line["quantity"], "base_amount": base, "subtotal": base, "total": base,
            "item": {"id": item["id"], "title": item["title"], "price": price(item["id"])}}  # fmt: skip


@writes(UCP, "create", fidelity="inferred", about=ABOUT)
def ucp_create(call: Call) -> Act:
    """`POST /ucp/{merchantId}/checkout-sessions`."""
    sent = call.sent()

    def act() -> Any:
        base = {
            "id": call.api.ids(),
            "status": "incomplete",
            "line_items": [],
            "links": {"privacy": "https://example.com/privacy", "terms": "https://example.com/terms"},
            "ucp": {"version": UCP_VERSION, "capabilities": [{"name": "checkout", "version": UCP_VERSION}]},
        }
        return call.keep(UCP, _ucp(base, sent))

    return act


@writes(UCP, "update", fidelity="inferred", about=ABOUT)
def ucp_update(call: Call) -> Act:
    """`PATCH /ucp/{merchantId}/checkout-sessions/{id}`."""
    sent, session = call.sent(), _session(call)

    def act() -> Any:
        _open(session)
        return call.keep(UCP, _ucp(session, sent))

    return act


@writes(UCP, "complete", fidelity="inferred", about=ABOUT, sealed=True)
def ucp_complete(call: Call) -> Act:
    """`POST /ucp/{merchantId}/checkout-sessions/{id}/complete`: paid, and an order is made."""
    call.sent()
    session = _session(call)

    def act() -> Any:
        _open(session)
        order = {"id": call.api.ids(), "permalink_url": "https://example.com/orders"}
        return call.keep(UCP, {**session, "status": "completed", "order": order})

    return act


def _get(call: Call) -> Json:
    return Json(_session(call))


def _cancel(call: Call) -> Act:
    call.sent()
    session = _session(call)

    def act() -> Any:
        _open(session)
        return call.keep(call.resource.name, {**session, "status": "canceled"})

    return act


for _name in (ACP, UCP):
    reads(_name, "get", fidelity="inferred", about=ABOUT)(_get)
    writes(_name, "cancel", fidelity="inferred", about=ABOUT)(_cancel)
