"""Cases of the area `roundtrip`: what was written is what is read, until it is deleted."""

from collections.abc import Callable, Iterator
from typing import Any

from harness.contract import Contract, Resource
from harness.plan.case import Case, Requirement
from harness.plan.inputs import has
from harness.plan.texts import SAMPLE_TEXTS

LINKS = {
    "bill_payments": ("bills", "linked_bills", "allocated_amount", "linked_payments"),
    "invoice_payments": ("invoices", "linked_invoices", "amount", "linked_payments"),
    "bill_credit_applications": ("bills", "linked_bills", "allocated_amount", "linked_credit_memos"),
    "invoice_credit_applications": ("invoices", "linked_invoices", "allocated_amount", "linked_payments"),
}
"""What pays or credits -> (the documents, its links, the amount in a link, the document's links). Source: [S24]."""

PAYMENTS = frozenset({"bill_payments", "invoice_payments"})

REPLACING = frozenset({"bills", "expenses"})
"""A sent `line_items` replaces all lines. Source: [S24] update bodies of bills and expenses."""

APPENDING = frozenset({("bank_deposits", "QUICKBOOKS")})
"""A sent line without platform_id is added, existing ones stay. Source: [S24] update body of bank deposits."""

TOLD = {"bills": "BILL", "invoices": "INVOICE", "journal_entries": "JOURNAL_ENTRY", "vendors": "VENDOR"}
"""Resource -> its name in `/events`, for those whose name is known. Source: [S24] ListEventsParams."""

_WATCHED = frozenset(
    {"accounts", "bank_deposits", "bank_transfers", "bills", "bill_payments", "customers", "expenses", "invoices",
     "invoice_payments", "items", "journal_entries", "purchase_orders", "vendors"}
)  # fmt: skip
WATCHED = {
    "QUICKBOOKS": _WATCHED,
    "NETSUITE": _WATCHED | {"classes", "departments", "payment_terms", "sales_orders"},
    "XERO": _WATCHED | {"bill_credit_memos"},
}
"""Platform -> what its events tell of. Source: [D:implementation-guides/monitoring-deleted-objects]; that of Xero is
cut short there: INFERRED from QuickBooks."""

ONE_EACH = frozenset({"XERO"})
"""Where a payment is of one document. INFERRED from the platform's own payments."""

MEMOS = {"bill_credit_applications": "bill_credit_memos", "invoice_credit_applications": "invoice_credit_memos"}
UNDOING = {
    "bill_credit_applications": ("bill_credit_unapplication", "bill_credit_memo_id", "bill_id"),
    "invoice_credit_applications": ("invoice_credit_unapplication", "invoice_credit_memo_id", "invoice_id"),
}
"""What applies credits -> how `/unapply` is asked: its wrapper, the memo's key, the document's. Source: [S24]."""

PARTS = {"products": "product_variants"}
"""What is part of an object and has operations of its own. Source: [S24]."""


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"roundtrip.{kind}", platform, resource.name, detail, params, requirement.plans)

    if requirement.create_input is None:
        return
    if resource.name in LINKS:
        yield from _applied(resource, contract, platform, case)
    if resource.supports("create_attachment", platform) and resource.supports("create", platform):
        yield case("attachment")
    if not resource.supports("get", platform):
        return
    yield case("read")
    texts, names = text_inputs(requirement, resource), name_inputs(requirement, resource)
    for name in SAMPLE_TEXTS if texts else ("unicode",) if names else ():
        if name != "plain":
            yield case("text", name, paths=texts, text=name, names=names if name == "unicode" else [])
    if has(requirement.create_input, "line_items[]"):
        yield case("lines")
    if requirement.changes:
        yield from _updates(requirement, resource, case)
    if requirement.further_changes:
        yield case("update_rest")
    parts = contract.resources.get(PARTS.get(resource.name, ""))
    if parts is not None and parts.supports("create", platform):
        yield case("variants")
    if resource.supports("fulfillments", platform):
        yield case("fulfilled")
    if requirement.delete:
        yield case("delete", told=resource.name in WATCHED.get(platform, ()), event=TOLD.get(resource.name))


def _applied(resource: Resource, contract: Contract, platform: str, case: Callable[..., Case]) -> Iterator[Case]:
    """The cases of a payment or a credit, which is applied to documents."""
    documents, links, amount, back = LINKS[resource.name]
    applied: dict[str, Any] = {"documents": documents, "links": links, "amount": amount, "back": back}
    yield case("linked", **applied, memos=MEMOS.get(resource.name))
    if resource.name not in MEMOS and contract.resource(documents).supports("create", platform):
        yield case("paid_off", **applied)
        if platform not in ONE_EACH:
            yield case("paid_together", **applied)
    made = (documents, MEMOS.get(resource.name))
    if resource.name in UNDOING and all(contract.resource(name or "").supports("create", platform) for name in made):
        yield case("unapplied", **applied, memos=made[1], undoing=UNDOING[resource.name])


def _can_be_void(resource: Resource, platform: str) -> bool:
    field, read = resource.update_fields.get("status"), resource.fields.get("status")
    if field is None or read is None or not field.on(platform) or not read.on(platform):
        return False
    return "void" in (field.enum or ()) and "void" in (read.enum or ())


def _updates(requirement: Requirement, resource: Resource, case: Callable[..., Case]) -> Iterator[Case]:
    """The cases of a PATCH of what the plans change, and of lines."""
    changes, platform = requirement.changes or {}, requirement.platform
    yield case("update", texts=[path for path in MARKED if path in changes])
    needed = [path for path, field in resource.update_fields.items() if field.required and "." not in path]
    if set(needed) <= set(changes):
        yield from (case("update_one", name, field=name, needed=needed) for name in changes if name not in needed)
    if "currency_rate" in requirement.optional_inputs:
        yield case("update_foreign")
    if resource.name in PAYMENTS and _can_be_void(resource, platform):
        yield case("void")
    line_field = resource.update_fields.get("line_items")
    if line_field is not None and line_field.on(platform) and has(requirement.create_input, "line_items[]"):
        yield case("replace_lines" if resource.name in REPLACING else "update_lines")
        if (resource.name, platform) in APPENDING:
            yield case("append_lines")


FREE_TEXTS = ("memo", "description", "note", "line_items[].description", "invoice_item.description")
MARKED = frozenset({"memo", "description", "note"})
"""Free texts that an update is given in many scripts."""
NAMES = ("contact_name", "vendor_name", "customer_name", "name", "term_name")


def text_inputs(requirement: Requirement, resource: Resource) -> list[str]:
    """The free texts that can be written and read back: memos and descriptions."""
    return [path for path in FREE_TEXTS if _is_text(requirement, resource, path)]


def name_inputs(requirement: Requirement, resource: Resource) -> list[str]:
    """The names that can be written and read back."""
    return [path for path in NAMES if _is_text(requirement, resource, path)]


def _is_text(requirement: Requirement, resource: Resource, path: str) -> bool:
    field, readable = resource.create_fields.get(path), resource.fields.get(path)
    if field is None or readable is None or field.enum is not None or field.max_length is not None:
        return False
    if path.startswith("line_items") and not has(requirement.create_input, "line_items[]"):
        return False
    return field.on(requirement.platform) and readable.on(requirement.platform)
