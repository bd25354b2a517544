"""Cases of the area `money`: amounts are exact."""

from collections.abc import Iterator

from harness.contract import Contract, Resource
from harness.plan.case import Case, Requirement
from harness.plan.inputs import has

SUMS = frozenset(
    {"bills", "invoices", "bill_credit_memos", "invoice_credit_memos", "expenses", "sales_receipts", "purchase_orders",
     "sales_orders", "journal_entries", "bill_payments", "invoice_payments", "customer_refunds", "bank_deposits",
     "balance_sheets", "income_statements", "cash_flow_statements", "orders"}
)  # fmt: skip
"""What adds up: documents to their lines or links, statements to their sections. Source: [S24], INFERRED."""

CURRENCIES = {"no_decimals": ("JPY", "1234"), "three_decimals": ("KWD", "12.345"), "two_decimals": ("USD", "0.01")}
"""ISO 4217 minor units: yen have none, dinars three."""


def expand(requirement: Requirement, contract: Contract) -> Iterator[Case]:
    """The cases of one resource on one platform."""
    resource = contract.resource(requirement.resource)
    platform = requirement.platform

    def case(kind: str, detail: str = "", **params: object) -> Case:
        return Case(f"money.{kind}", platform, resource.name, detail, params, requirement.plans)

    if resource.supports("list", platform):
        if resource.money_fields or any("currenc" in path for path in resource.fields):
            yield case("read")
        if resource.name in SUMS:
            yield case("totals")
    path = amount_input(requirement, resource)
    if path is None or not resource.supports("get", platform):
        return
    yield case("generated", path=path)
    yield case("noise", path=path)
    if path.startswith("line_items") and not _positive(resource, path):
        yield case("credit_line", path=path)
    for name, (currency, amount) in CURRENCIES.items():
        yield case("currency", name, path=path, currency=currency, amount=amount)


def _positive(resource: Resource, path: str) -> bool:
    """Whether the contract allows only amounts above zero."""
    field = resource.create_fields[path]
    return field.minimum is not None or field.exclusive_minimum is not None


def amount_input(requirement: Requirement, resource: Resource) -> str | None:
    """The amount of a create that may be any number: that of the first line, or the document's own."""
    body = requirement.create_input or {}
    if resource.name in {"journal_entries", "bill_payments", "invoice_payments", "bank_feed_transactions"}:
        return None
    for path in ("line_items[].total_amount", "total_amount"):
        field = resource.create_fields.get(path)
        if field is not None and has(body, path) and "number" in field.types:
            return path
    return None
