"""One live sample for each operation: a platform that has it, ids that exist, a body that fits the books."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from lab import Lab

from harness.contract import Operation, Resource
from harness.drive import Inconclusive
from harness.drive.drive import Drive
from harness.plan.inputs import changes, minimal_input

CARD = {"pan": "4242424242424242", "cvc": "123", "exp_date": "12/30"}
CHECKOUT = {
    "acp": {"create": {"items": [{"id": "sku", "quantity": 1}]}, "update": {"items": [{"id": "sku", "quantity": 2}]},
            "complete": {"payment_data": {"provider": "stripe", "token": "tok"}}, "cancel": {}},
    "ucp": {"create": {"currency": "USD", "line_items": [{"quantity": 1, "item": {"id": "sku", "title": "Thing"}}]},
            "update": {"buyer": {"email": "a@example.com"}},
            "complete": {"payment_data": {"id": "i", "handler_id": "h", "type": "card"}}, "cancel": {}},
}  # fmt: skip
SYNC = {"initialSync": {"batches": [{"timeFrameInMonths": 2, "entities": ["BILL"]}]},
        "incrementalSync": {"syncPeriodInMinutes": 60, "entities": ["BILL"]}}  # fmt: skip


@dataclass
class Sample:
    """What to send for one operation. `token` is None where none is taken; `media` is the type of the body."""

    operation: Operation
    resource: Resource
    token: str | None
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None


class Sampler:
    """Makes the samples; writes through the API what an operation needs before it (a credit to take back...)."""

    def __init__(self, lab: Lab, drives: dict[str, Drive]) -> None:
        self.lab, self.drives = lab, drives
        self._rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._taken: dict[tuple[str, str], int] = {}

    def all(self) -> dict[str, Sample]:
        """Sample by operation id; an operation that no platform of the lab has is a KeyError of the caller."""
        samples = {}
        for resource in self.lab.contract.resources.values():
            for operation in resource.operations.values():
                samples[operation.operation_id] = self.sample(resource, operation)
        return samples

    def platform(self, resource: Resource, operation: Operation) -> str:
        """The first platform of the lab that has the operation."""
        for name in self.lab.platforms:
            if resource.supports(operation.name, name) and (
                "{id}" not in operation.path or not resource.has("list") or resource.supports("list", name)
            ):
                return name
        raise LookupError(f"no platform of the lab has {operation.operation_id}")

    def sample(self, resource: Resource, operation: Operation) -> Sample:
        """The sample of one operation."""
        if "access_token" not in operation.parameters:
            return self._untokened(resource, operation)
        platform = self.platform(resource, operation)
        made = Sample(operation, resource, self.lab.token(platform))
        self._place(made, platform)
        if operation.request_schema is not None and operation.method != "DELETE":
            made.body = self._body(made, platform)
        if "metricName" in operation.parameters:
            made.path["metricName"] = (operation.parameters["metricName"].enum or ("",))[0]
        if operation.path == "/events":
            made.query["type"] = "object_deleted"
        if operation.path.endswith("/dailies"):
            made.query["id"] = self.rows("ads_campaigns", platform)[0]["id"]
        if operation.name == "access_token_invalidate":
            made.token = self.spare()[1]
        return made

    def rows(self, resource: str, platform: str) -> list[dict[str, Any]]:
        """The first page of a list."""
        if (resource, platform) not in self._rows:
            found = self.lab.contract.resource(resource)
            query = {"access_token": self.lab.token(platform), "limit": 100}
            body = self.lab.api("GET", found.operations["list"].path, params=query).raise_for_status().json()
            self._rows[resource, platform] = body[found.list_key]
        return self._rows[resource, platform]

    def spare(self) -> tuple[str, str]:
        """(id, access token) of a connection that may be spoilt."""
        made = self.lab.own("link", {"platform": "QUICKBOOKS"})
        listed = self.lab.api("GET", "/connections", params={"status": "any"}).json()["connections"]
        token = next(item["access_token"] for item in listed if item["id"] == made["connection_id"])
        return made["connection_id"], token

    def fill(self, resource: str, platform: str) -> dict[str, Any]:
        """The smallest create body of a resource, filled from the books."""
        drive = self.drives[platform]
        try:
            return dict(drive.fill(minimal_input(self.lab.contract, resource, platform)))
        except Inconclusive as error:
            raise LookupError(f"create of {resource} on {platform}: {error}") from error

    def _place(self, made: Sample, platform: str) -> None:
        """The ids of the path. What is deleted is taken from the end of the list, everything else from its start."""
        operation, resource = made.operation, made.resource
        if "{entityType}" in operation.path:
            made.path["entityType"] = "bills"
        if operation.name == "get_attachment":
            made.path["id"] = self._attachment(resource, platform)["id"]
        elif operation.name == "download_attachment":
            told = self._attachment(resource, platform)
            made.path |= {"id": told["attached_to_id"], "attachmentId": told["platform_id"]}
        elif resource.name.startswith("product_variants"):
            product = self.rows("products", platform)[2 if operation.name == "delete" else 1]
            made.path["id"] = product["id"]
            if "{variantId}" in operation.path:
                made.path["variantId"] = product["variants"][0]["id"]
        elif resource.name == "supplier_enablement_card_activations" and "{id}" in operation.path:
            vendor = self.rows("vendors", platform)[0]["id"]
            body = {"card_activation": {"vendor_id": vendor}}
            answer = self.lab.api("POST", "/supplier_enablement/card_activations",
                                  params={"access_token": made.token}, json=body)  # fmt: skip
            made.path["id"] = answer.json()["card_activation"]["id"]
        elif "{id}" in operation.path:
            made.path["id"] = self.rows(resource.name, platform)[-1 if operation.name == "delete" else 0]["id"]

    def _attachment(self, resource: Resource, platform: str) -> Any:
        owner = self.rows(resource.name, platform)[0]["id"]
        path = resource.operations["create_attachment"].url_path(id=owner)
        answer = self.lab.api("POST", path, params={"access_token": self.lab.token(platform)},
                              files={"file": ("a.txt", b"text")}, data={"file_name": "a.txt"})  # fmt: skip
        return answer.raise_for_status().json()["attachment"]

    def _body(self, made: Sample, platform: str) -> Any:
        operation, resource = made.operation, made.resource
        special = self._special_body(made, platform)
        if special is not None:
            return special
        if operation.name == "create":
            body: Any = self.fill(resource.name, platform)
            wrapper = resource.create_key
        else:
            drive = self.drives[platform]
            body = drive.fill(changes(self.lab.contract, resource.name, platform))
            wrapper = resource.update_key
        return {wrapper: body} if wrapper else body

    def _special_body(self, made: Sample, platform: str) -> Any:
        operation, resource = made.operation, made.resource
        match operation.name:
            case "create_attachment":
                return {"file": "text", "file_name": "a.txt"}
            case "mapping_link" | "incremental_sync":
                return {}
            case "backfill":
                return {"start_date": "2025-01-01", "object_types": ["bill"]}
            case "unapply":
                return self._applied(resource, platform)
            case "fulfillments":
                order = self.rows("orders", platform)[0]
                lines = [{"line_item_id": order["line_items"][0]["id"], "quantity": 1}]
                return {"fulfillment": {"carrier": "UPS", "tracking_number": "1Z", "line_items": lines}}
        match resource.name:
            case "bank_feed_otps":
                return {}
            case "custom_fields":
                return {"other_entity_fields": "x", "line_items": [{"other_line_item_fields": "y"}]}
            case "product_variants":
                variant: dict[str, Any] = {"price": 5, "sku": "S", "option_values": []}
                return {"variant": {"id": made.path["variantId"], "price": 6}} if "variantId" in made.path else {
                    "variant": variant}  # fmt: skip
            case "supplier_enablement_card_activations":
                vendor = {"vendor_id": self.rows("vendors", platform)[0]["id"]} if operation.name == "create" else {}
                return {"card_activation": {**vendor, "card": CARD}}
        return None

    def _applied(self, resource: Resource, platform: str) -> Any:
        """Apply a credit, and say how to take it back."""
        body = self.fill(resource.name, platform)
        path = resource.operations["create"].path
        self.lab.api("POST", path, params={"access_token": self.lab.token(platform)},
                     json={resource.create_key: body}).raise_for_status()  # fmt: skip
        kind = "bill" if resource.name.startswith("bill") else "invoice"
        memo = f"{kind}_credit_memo_id"
        return {f"{kind}_credit_unapplication": {memo: body[memo], f"{kind}_id": body[f"linked_{kind}s"][0]["id"]}}

    def _untokened(self, resource: Resource, operation: Operation) -> Sample:
        """Operations of the organisation, of merchants and of jobs."""
        made = Sample(operation, resource, None)
        match resource.name:
            case "connections" if "{id}" in operation.path:
                made.path["id"] = self.spare()[0]
                made.body = {"name": "Renamed"} if operation.name == "update" else None
            case "connections" if operation.name == "create":
                made.body = {}
            case "token_exchanges":
                made.body = {"client_id": self.lab.auth[0], "secret": self.lab.auth[1],
                             "public_token": self.lab.own("link", {"platform": "XERO"})["public_token"]}  # fmt: skip
            case "jobs":
                made.path["id"] = self._job()
            case "connection_sync_configs":
                made.path["id"] = self.spare()[0]
                made.body = SYNC if operation.method in {"POST", "PATCH"} else None
            case "platform_sync_configs":
                made.path["platform"] = "NETSUITE"
                made.body = SYNC if operation.method in {"POST", "PATCH"} else None
            case "webhook_configs" if "{id}" in operation.path:
                made.path["id"] = self.lab.api("GET", "/configs/webhooks").json()[0]["id"]
                shown = {"ORDER_CREATED": {"SHOPIFY": {"email": "$.email"}}}
                made.body = {"platform_data_config": shown} if operation.method != "GET" else None
            case "acp_checkout_sessions" | "ucp_checkout_sessions":
                self._checkout(made)
            case "supplier_enablement_merchants":
                made.path["id"] = "merchant"
                if operation.name == "card_activations":
                    answer = self.lab.api("POST", "/supplier_enablement/merchants/merchant/card_activations",
                                          json={"card_activation": {"card": CARD}})  # fmt: skip
                    made.path["id"] = answer.json()["card_activation"]["id"]
                made.body = {"card_activation": {"card": CARD}} if operation.method != "GET" else None
        return made

    def _job(self) -> str:
        platform = "QUICKBOOKS"
        answer = self.lab.api("POST", "/accounting/bills", params={"access_token": self.lab.token(platform)},
                              json={"bill": self.fill("bills", platform)})  # fmt: skip
        return str(answer.headers["x-rutter-job-id"])

    def _checkout(self, made: Sample) -> None:
        kind = made.resource.name[:3]
        made.path["merchantId"] = "shop"
        made.body = CHECKOUT[kind].get(made.operation.name)
        if "{id}" in made.operation.path:
            path = made.resource.operations["create"].url_path(merchantId="shop")
            made.path["id"] = self.lab.api("POST", path, json=CHECKOUT[kind]["create"]).json()["id"]


def key() -> str:
    """An idempotency key that nobody has used."""
    return str(uuid.uuid4())
