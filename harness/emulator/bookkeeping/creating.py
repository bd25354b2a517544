"""From an accepted create body to the stored document."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from harness.contract import Contract, Resource
from harness.core import iso_utc
from harness.emulator.bookkeeping.amounts import exact, number, text
from harness.emulator.bookkeeping.derived import derive, discounted, split_line
from harness.emulator.bookkeeping.moulds import moulds
from harness.emulator.bookkeeping.refusals import Lookup, check_references, check_rules
from harness.emulator.quirks.registry import applies

Document = dict[str, Any]

RENAMED: Mapping[str, Mapping[str, str]] = {
    "purchase_orders": {"txn_date": "issue_date", "currency": "currency_code"},
    "invoice_payments": {"transaction_date": "txn_date"},
    "orders": {"currency_code": "iso_currency_code"},
}
"""Resource -> name in the create body -> name in the document. Source: [S24] create and read schemas."""

RAISED: Mapping[str, tuple[str, ...]] = {"customers": ("parent_id", "currency_code"), "orders": ("tags",)}
"""Resource -> inputs of `additional_fields` that the document has at its top. Source: [S24] create and read schemas;
INFERRED that they are the same."""


def created(
    contract: Contract,
    resource: Resource,
    platform: str,
    body: Mapping[str, Any],
    *,
    ids: Callable[[], str],
    now: datetime,
    lookup: Lookup,
) -> list[Document]:
    """The documents that a valid create makes: one, or several for a bulk write. Raises Refused."""
    body = writable(contract, resource.create_schema_name, body)
    check_references(contract, resource, "create", platform, body, lookup)
    check_rules(resource.name, platform, body, lookup)
    items = [body]
    if resource.name == "bank_feed_transactions":
        items = [{**item, "bank_feed_account_id": body["bank_feed_account_id"]} for item in body["transactions"]]
    return [_document(contract, resource, platform, item, ids, now, lookup) for item in items]


OWN = frozenset({"id", "platform_id", "platform_url", "platform_data", "created_at", "updated_at", "last_synced_at"})
"""What the platform and the API give an object."""


def writable(contract: Contract, schema: str | None, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A body without what is not its sender's to say, unless its request schema names it: ignored as any unknown
    property. Source: version policy, [D:rest/2024-08-31/basics] (INFERRED for bodies)."""
    if OWN.isdisjoint(body):
        return body
    known = contract.schema(schema).get("properties", {}) if schema else {}
    return {name: value for name, value in body.items() if name not in OWN or name in known}


def _document(
    contract: Contract,
    resource: Resource,
    platform: str,
    body: Mapping[str, Any],
    ids: Callable[[], str],
    now: datetime,
    lookup: Lookup,
) -> Document:
    mould = moulds(contract, resource.name, platform)
    sent = place(resource, body)
    document = mould.document(sent)
    fresh = ids()
    document["id"] = fresh
    moment = iso_utc(now)
    marks = {"platform_id": str(int(fresh[:8], 16)), "created_at": moment, "updated_at": moment,
             "last_synced_at": moment, "platform_url": f"https://example.com/{resource.name}/{fresh}",
             "platform_data": {"Id": str(int(fresh[:8], 16)), "sparse": False}}  # fmt: skip
    document |= {name: value for name, value in marks.items() if name in mould.names}
    if "platform_data" in document and isinstance(body.get("custom_fields"), dict):
        document["platform_data"] |= body["custom_fields"]
    if (
        "document_number" in document
        and not document["document_number"]
        and applies(platform, "numbered", resource.name)
    ):
        document["document_number"] = f"{resource.name[:3].upper()}-{int(fresh[:8], 16)}"
    defaults(resource, document, body, sent, lookup, now)
    lines(resource, document, ids)
    discounted(resource.name, document, body)
    return derive(resource.name, document)


def place(resource: Resource, body: Mapping[str, Any]) -> Document:
    """The sent values under the names that the document has for them."""
    names = RENAMED.get(resource.name, {})
    sent = {names.get(name, name): value for name, value in body.items()}
    if resource.name == "vendors" and "currency_code" in sent:
        sent["currency_codes"] = [sent["currency_code"]]
    if resource.name == "purchase_orders":
        sent["line_items"] = [_purchase_line(line) for line in sent.get("line_items", ())]
    if resource.name == "invoice_credit_memos" and "line_items" in sent:
        sent["line_items"] = [_credit_line(line) for line in sent["line_items"]]
    if resource.name == "invoice_payments" and "linked_invoices" in sent:
        sent["linked_invoices"] = [{**link, "amount": str(link["amount"])} for link in sent["linked_invoices"]]
    if resource.name == "items":
        for key in ("bill_item", "invoice_item"):
            if isinstance(sent.get(key), dict) and isinstance(sent[key].get("unit_price"), (int, float)):
                sent[key] = {**sent[key], "unit_price": str(sent[key]["unit_price"])}
    for name in RAISED.get(resource.name, ()):
        if name in (body.get("additional_fields") or {}):
            sent[name] = body["additional_fields"][name]
    if "addresses" in (body.get("additional_fields") or {}) and "addresses" in resource.fields:
        sent["addresses"] = body["additional_fields"]["addresses"]
    if isinstance(sent.get("currency_rate"), (int, float)) and "string" in _types(resource, "currency_rate"):
        sent["currency_rate"] = str(sent["currency_rate"])
    if isinstance(sent.get("currency_rate"), str) and _types(resource, "currency_rate") == {"number"}:
        sent["currency_rate"] = number(exact(sent["currency_rate"]))
    return sent


def _types(resource: Resource, path: str) -> frozenset[str]:
    field = resource.fields.get(path)
    return field.types if field else frozenset()


def _purchase_line(line: Mapping[str, Any]) -> Document:
    """A change may leave the item out, which a read has with its id or not at all. Source: [S24] PurchaseOrder."""
    item = {"id": line.get("item"), "quantity": line.get("quantity"), "unit_amount": line.get("unit_amount")}
    rest = {name: value for name, value in line.items() if name not in {"item", "quantity", "unit_amount"}}
    if item["id"] is None:
        return {**rest, "item": None, "total_amount": number(exact(item["quantity"]) * exact(item["unit_amount"]))}
    return {**rest, "item": item}


def _credit_line(line: Mapping[str, Any]) -> Document:
    item = line.get("item") or {}
    rest = {name: value for name, value in line.items() if name not in {"item", "total_amount"}}
    quantity = item.get("quantity")
    return {
        **rest,
        "amount": line.get("total_amount"),
        "item_id": item.get("id"),
        "quantity": quantity,
        "unit_amount": None if item.get("unit_amount") is None else str(item["unit_amount"]),
    }


def defaults(
    resource: Resource,
    document: Document,
    body: Mapping[str, Any],
    sent: Mapping[str, Any],
    lookup: Lookup,
    now: datetime,
) -> None:
    """What the platform fills in when it was not `sent`, the values of `body` under the names of the document."""
    if "currency_code" in document and "currency_code" not in sent:
        account = lookup("accounts", str(body.get("account_id") or body.get("credit_account_id"))) or {}
        document["currency_code"] = account.get("currency_code") or "USD"
    if "currency_codes" in document and not document["currency_codes"]:
        document["currency_codes"] = ["USD"]
    for name in ("issue_date", "transaction_date", "txn_date"):
        if name in document and not document[name]:
            document[name] = iso_utc(now.replace(hour=0, minute=0, second=0, microsecond=0))
    if "status" in document and not document["status"] and "active" in (resource.fields["status"].enum or ()):
        document["status"] = "active"
    if resource.name in {"customers", "vendors"}:
        for name in ("customer_name", "vendor_name", "display_name"):
            if name in document and not document[name] and _default_name(resource, name):
                document[name] = body.get("vendor_name") or body.get("customer_name") or body.get("contact_name")
    _marks(resource, document, now)
    for key, date in (("linked_bills", "allocated_date"), ("linked_invoices", "allocated_at")):
        for link in document.get(key) or ():
            if date in link and not link[date]:
                link[date] = document.get("transaction_date") or document.get("txn_date")
    if "total_amount" in document and document["total_amount"] in {"", None}:
        document["total_amount"] = text(sum_of(body)) if "string" in _types(resource, "total_amount") else 0


def _marks(resource: Resource, document: Document, now: datetime) -> None:
    """Values that start with the object: a new account is empty, a new customer of an order is of now."""
    if resource.name == "accounts" and document.get("balance") is None and "balance" in document:
        document["balance"] = 0
    customer = document.get("customer")
    if isinstance(customer, dict):
        customer |= {name: iso_utc(now) for name in ("created_at", "updated_at") if customer.get(name) == ""}


def _default_name(resource: Resource, name: str) -> bool:
    return resource.fields[name].platforms is None


def sum_of(body: Mapping[str, Any]) -> Any:
    """The sent total of a payment without links."""
    return exact(body.get("total_amount"))


def lines(resource: Resource, document: Document, ids: Callable[[], str]) -> None:
    """Line ids and line sums."""
    for line in document.get("line_items") or ():
        if not isinstance(line, dict):
            continue
        if "line_items[].platform_id" in resource.fields and not line.get("platform_id"):
            line["platform_id"] = str(int(ids()[:8], 16))
        if resource.name == "invoice_credit_memos":
            line["id"] = line.get("id") or ids()
            line["sub_total"] = line["amount"]
        else:
            split_line(line)
