"""Parts with addresses of their own: variants of a product, parcels of an order."""

import pytest

from harness.checks.parts import Part

VARIANTS = "product_variants"


@pytest.mark.case("roundtrip.variants")
def test_variants_come_and_go(proof, judge, drive, case):
    """A variant that is added to a product is there, with another price after an update, and gone after a delete; those
    that were there before stay."""
    write, _ = proof.create()
    product = write.id
    before = proof.before(product)
    first = frozenset(str(row.get("id")) for row in _rows(before, "variants"))
    sent = {"price": 31.4, "sku": f"GL-{drive.uuid()[:8]}", "option_values": _other_options(before)}
    made = drive.act(VARIANTS, "create", {"variant": sent}, id=product)
    id = made.id

    def told(operation, write, id, sent, others):
        seen, read = proof.read(product)
        parts = None if seen is None else tuple(_rows(seen, "variants"))
        judge(Part(*proof.base, "variant", "variants", operation, write.status, write.body, id, sent, parts, others,
                   (write.evidence.id, read.id)), "roundtrip.part")  # fmt: skip

    told("create", made, id, sent, first)
    if not made.ok or id is None:
        return
    if drive.contract.resource(VARIANTS).supports("update", case.platform):
        change = {"price": 32.75}
        changed = drive.act(VARIANTS, "update", {"variant": {"id": id, **change}}, id=product, variantId=id)
        told("update", changed, id if changed.id in {None, id} else changed.id, {**sent, **change}, first)
    if drive.contract.resource(VARIANTS).supports("delete", case.platform):
        gone = drive.act(VARIANTS, "delete", None, id=product, variantId=id)
        named = gone.body.get("variantId") if isinstance(gone.body, dict) else None
        told("delete", gone, named if named == id else None, {}, first)


def _other_options(product):
    """The options of a product's first variant with values that no variant of it has."""
    rows = _rows(product, "variants")
    options = rows[0].get("option_values") if rows else None
    names = [item["name"] for item in options or () if isinstance(item, dict) and item.get("name")]
    return [{"name": name, "value": "Golive green"} for name in names or ["Colour"]]


def _rows(seen, key):
    found = seen.get(key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


@pytest.mark.case("roundtrip.fulfilled")
def test_a_fulfillment_shows_in_its_order(proof, judge, drive):
    """What is sent on is read in the order: carrier and tracking number as they were sent."""
    write, _ = proof.create()
    order = proof.before(write.id)
    lines = [{"line_item_id": row["id"], "quantity": row.get("quantity") or 1}
             for row in _rows(order, "line_items") if isinstance(row.get("id"), str)]  # fmt: skip
    if not lines:
        drive.inconclusive("the order shows no line with an id: nothing to fulfill")
    sent = {"carrier": "UPS", "tracking_number": "1Z999AA10123456784"}
    made = drive.act(proof.name, "fulfillments", {"fulfillment": {**sent, "line_items": lines}}, id=write.id)
    parcel = made.body.get("fulfillment") if isinstance(made.body, dict) else None
    id = parcel.get("id") if isinstance(parcel, dict) else None
    seen, read = proof.read(write.id)
    judge(Part(*proof.base, "fulfillment", "fulfillments", "create", made.status, made.body,
               id if isinstance(id, str) else None, {**sent, "order_id": write.id},
               None if seen is None else tuple(_rows(seen, "fulfillments")), frozenset(),
               (made.evidence.id, read.id)), "roundtrip.part")  # fmt: skip
