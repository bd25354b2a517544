"""Defects of parts with addresses of their own: variants of products, parcels of orders."""

import json
from typing import Any

from harness.emulator.defects.registry import register
from harness.emulator.defects.scene import answers, bodies, look, rows
from harness.emulator.messages import Answer

PART = ("roundtrip.part",)
MARK = {"x-rutter-job-id": "00000000-0000-4000-8000-0000000000ab"}


def _pretends(operation: str) -> Any:
    """Answer a write of a variant as if it had been done."""

    def hear(api: Any, request: Any) -> Answer | None:
        scene = look(api, request)
        if scene is None or scene.resource.name != "product_variants" or scene.operation.name != operation:
            return None
        product, id = scene.values["id"], scene.values.get("variantId") or api.ids()
        if operation == "delete":
            return Answer(200, json.dumps({"productId": product, "variantId": id}).encode())
        sent = json.loads(request.body)["variant"]
        return Answer(200, json.dumps({"variant": {**sent, "id": id, "product_id": product}}).encode(), dict(MARK))

    return hear


register("variant_not_made", "a variant that is created is not in its product", PART, resource="products",
         hear=_pretends("create"))  # fmt: skip
register("variant_not_deleted", "a variant that is deleted stays in its product", PART, resource="products",
         hear=_pretends("delete"))  # fmt: skip
register("variant_keeps_price", "an update does not change the price of a variant", PART, resource="products",
         hear=bodies(lambda body: body.pop("price", None), resource="product_variants", operations=("update",)))  # fmt: skip
register("fulfillment_not_shown", "an order does not show its fulfillments", PART, resource="orders",
         spoil=rows(lambda row: row.update(fulfillments=[]), resource="orders"))  # fmt: skip
register("fulfillment_answers_no_carrier", "a fulfillment is answered without its carrier", PART, resource="orders",
         spoil=answers(lambda _, body, __: body["fulfillment"].update(carrier=None), resource="orders",
                       operations=("fulfillments",)))  # fmt: skip
