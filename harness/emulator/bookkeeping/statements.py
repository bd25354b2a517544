"""Monthly statements of each kind that add up. Computed from the ledger in a later step of the double."""

from calendar import monthrange
from decimal import Decimal
from typing import Any

from harness.contract.fields import resolve
from harness.emulator.bookkeeping.amounts import text
from harness.emulator.bookkeeping.generate import World, document

FIRST_YEAR = 2023


def month(number: int) -> tuple[str, str]:
    """First and last day of month `number`, counted from January 2023."""
    year, index = FIRST_YEAR + number // 12, number % 12 + 1
    return f"{year}-{index:02d}-01", f"{year}-{index:02d}-{monthrange(year, index)[1]:02d}"


def statements(world: World) -> dict[str, list[dict[str, Any]]]:
    """Balance sheets (assets = liabilities + equity), income and cash flow statements, one per month."""
    made: dict[str, list[dict[str, Any]]] = {}
    for name in ("balance_sheets", "income_statements", "cash_flow_statements"):
        resource = world.contract.resource(name)
        if resource.supports("list", world.platform):
            made[name] = [_statement(world, name, number) for number in range(world.count(name))]
    return made


def _statement(world: World, name: str, number: int) -> dict[str, Any]:
    resource = world.contract.resource(name)
    body = document(world, resource, number)
    body["start_date"], body["end_date"] = (f"{day}T00:00:00.000Z" for day in month(number))
    if "currency_code" in body:
        body["currency_code"] = "USD"
    liabilities, equity = Decimal(4100 + number * 50), Decimal(8200 + number * 125)
    sums = {"total_liabilities": liabilities, "total_equity": equity, "total_assets": liabilities + equity}
    for key, value in sums.items():
        if key in body:
            body[key] = text(value)
    schema = world.contract.schema(resource.schema_name or "")
    for key, raw in schema.get("properties", {}).items():
        node = resolve(raw, world.contract.schemas)
        if "prevLineItem" in node.get("properties", {}):
            value = sums.get(f"total_{key}", Decimal(1000 + number * 10))
            body[key] = {"platform_id": None, "account_id": None, "name": key, "value": text(value), "items": []}
    return body
