"""What a shop does beside its lists: parcels, variants, and its metrics."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from harness.core import iso_utc
from harness.emulator.bookkeeping import Refused
from harness.emulator.bookkeeping.amounts import exact, number, text, total
from harness.emulator.bookkeeping.statements import bounds
from harness.emulator.errors import not_supported, unknown_id
from harness.emulator.messages import Json
from harness.emulator.operations.registry import Call, Document, reads, writes
from harness.emulator.validity import checked_mode
from harness.emulator.writing import Act

PARCELS = "the shape is known [S24]; that the order shows the parcel and its status is inferred"
VARIANTS = "the shape is known [S24]; that the product shows its variants is inferred"
METRICS = "the shape alone is known [S24]; formulas are inferred"


@writes("orders", "fulfillments", fidelity="documentation", about=PARCELS)
def fulfil(call: Call) -> Act:
    """`POST /orders/{id}/fulfillments`: lines of the order leave the shop; the order shows it."""
    body = call.sent()
    checked_mode(body)
    order = call.find("orders", call.values["id"], "order")
    sent = body["fulfillment"]

    def act() -> Any:
        lines = {line["id"]: line for line in order["line_items"]}
        for line in sent["line_items"]:
            if line["line_item_id"] not in lines:
                raise Refused(f"The order has no line {line['line_item_id']}.")
        made = {
            "id": call.api.ids(),
            "order_id": order["id"],
            "carrier": sent["carrier"],
            "service": sent.get("service"),
            "tracking_number": sent["tracking_number"],
            "tracking_url": sent.get("tracking_url"),
            "line_items": [_parcel_line(lines[line["line_item_id"]], line) for line in sent["line_items"]],
        }
        parcels = [*(order.get("fulfillments") or ()), made]
        call.put("orders", {**order, "fulfillments": parcels, "fulfillment_status": _status(order, parcels),
                            "updated_at": call.moment})  # fmt: skip
        return {"fulfillment": made}

    return act


def _parcel_line(line: Mapping[str, Any], sent: Mapping[str, Any]) -> Document:
    return {
        "id": line["id"],
        "product_id": line.get("product_id"),
        "variant_id": line.get("variant_id"),
        "price": line["price"],
        "quantity": sent.get("quantity", line["quantity"]),
        "sku": line.get("sku") or "",
        "title": line.get("title") or "",
    }


def _status(order: Document, parcels: list[Document]) -> str:
    sent: dict[str, Decimal] = {}
    for parcel in parcels:
        for line in parcel["line_items"]:
            sent[line["id"]] = sent.get(line["id"], Decimal(0)) + exact(line["quantity"])
    done = all(sent.get(line["id"], Decimal(0)) >= exact(line["quantity"]) for line in order["line_items"])
    return "fulfilled" if done else "partial"


def _stored(call: Call, product: Document, variants: list[Document]) -> None:
    call.put("products", {**product, "variants": variants, "updated_at": call.moment})


def _filled(sent: Document) -> Document:
    """The sent values of a variant under the names that a variant has for them."""
    values = {name: value for name, value in sent.items() if name not in {"id", "inventory"}}
    if "inventory" in sent:
        values["inventory"] = {"total_count": sent["inventory"].get("total_count"), "locations": []}
    return values


@writes("product_variants", "create", fidelity="documentation", about=VARIANTS)
def create_variant(call: Call) -> Act:
    """`POST /products/{id}/variants`."""
    sent = call.sent()["variant"]
    product = call.find("products", call.values["id"], "product")

    def act() -> Any:
        id, moment = call.api.ids(), call.moment
        empty = dict.fromkeys(("barcode", "fulfillment_service", "inventory_management", "title", "unit_cost"))
        made: Document = {
            "id": id, "platform_id": str(int(id[:8], 16)), "product_id": product["id"], "requires_shipping": True,
            "iso_currency_code": "USD", "images": [], **empty, **_filled(sent), "created_at": moment,
            "updated_at": moment,
        }  # fmt: skip
        _stored(call, product, [*product["variants"], made])
        return {"variant": made}

    return act


def _variant(call: Call, product: Document) -> Document:
    for variant in product["variants"]:
        if variant["id"] == call.values["variantId"]:
            return dict(variant)
    raise unknown_id(call.api.settings, "variant")


@writes("product_variants", "update", fidelity="documentation", about=VARIANTS)
def update_variant(call: Call) -> Act:
    """`PATCH /products/{id}/variants/{variantId}`: what is sent changes."""
    sent = call.sent()["variant"]
    product = call.find("products", call.values["id"], "product")
    before = _variant(call, product)

    def act() -> Any:
        after = {**before, **_filled(sent), "updated_at": call.moment}
        _stored(call, product, [after if item["id"] == after["id"] else item for item in product["variants"]])
        return {"variant": {name: value for name, value in after.items() if name != "platform_data"}}

    return act


@writes("product_variants", "delete", fidelity="documentation", about="answers the two ids [S24]")
def delete_variant(call: Call) -> Act:
    """`DELETE /products/{id}/variants/{variantId}`."""
    product = call.find("products", call.values["id"], "product")
    gone = _variant(call, product)

    def act() -> Any:
        _stored(call, product, [item for item in product["variants"] if item["id"] != gone["id"]])
        return {"productId": product["id"], "variantId": gone["id"]}

    return act


@reads("commerce_transactions", "get", fidelity="specification", about="one transaction comes as a list of one [S24]")
def transaction(call: Call) -> Json:
    """`GET /transactions/{id}`: the contract types `transaction` as an array."""
    found = call.find("commerce_transactions", call.values["id"], "transaction")
    shown = {name: value for name, value in found.items() if name != "platform_data"}
    return Json({"transaction": [shown], "connection": call.block()})


@reads("commerce_metrics", "get", fidelity="inferred", about=METRICS)
def commerce_metric(call: Call) -> Json:
    """`GET /commerce/metrics/{metricName}`: one value for each month that has orders, in each currency."""
    name = call.values["metricName"]
    if name not in (call.operation.parameters["metricName"].enum or ()):
        raise not_supported(call.api.settings, f"the metric {name}")
    groups: dict[tuple[str, str], list[Document]] = {}
    for order in call.rows("orders"):
        code = order.get("iso_currency_code") or "USD"
        groups.setdefault((_month(order), "USD" if name in {"total_orders", "active_customers"} else code), []).append(
            order
        )
    values = []
    for (month, code), orders in sorted(groups.items()):
        first, last = bounds(month)
        values.append({"start_date": first, "end_date": last, "currency": code, "value": _metric(name, orders)})
    return Json({"checkpoint": iso_utc(call.api.clock.now()), name: values, "connection": call.block()})


def _month(order: Document) -> str:
    return f"{datetime.fromisoformat(order['created_at']):%Y-%m}"


def _metric(name: str, orders: list[Document]) -> str:
    match name:
        case "total_orders":
            return str(len(orders))
        case "active_customers":
            return str(len({(order.get("customer") or {}).get("id") for order in orders} - {None}))
        case "refund_rate":
            refunded = sum(1 for order in orders if order.get("refunds") or order.get("payment_status") == "refunded")
            return str(number(exact(round(refunded / len(orders), 4))))
    return text(total(order.get("total_price") for order in orders))
