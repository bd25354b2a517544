"""A plausible document for any schema of the contract: the base that resource modules then make consistent."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.contract import Contract, Resource
from harness.contract.fields import resolve
from harness.emulator.bookkeeping import amounts, calendar, words
from harness.emulator.credentials import NAMESPACE

COUNTS = {
    "currencies": 10, "company_info": 1, "store": 1, "balance": 1, "payment_terms": 8, "payment_methods": 6,
    "subsidiaries": 4, "tax_agencies": 4, "tax_areas": 6, "tax_rates": 14, "classes": 12, "departments": 12,
    "locations": 9, "projects": 20, "tasks": 24, "accounts": 108, "vendors": 90, "customers": 96, "items": 84,
    "bank_feed_accounts": 12,
    "bank_feed_transactions": 130, "customer_groups": 5, "product_categories": 9, "commerce_customers": 110,
    "products": 105, "orders": 160, "payouts": 60, "subscriptions": 60, "transactions": 240,
}  # fmt: skip
DEFAULT_COUNT = 132
MAX_DEPTH = 7


@dataclass(frozen=True, slots=True)
class World:
    """What a generated document may refer to."""

    contract: Contract
    platform: str
    seed: int
    now: datetime
    _ids: dict[tuple[str, int], str] = field(default_factory=dict)
    _references: dict[str, Resource | None] = field(default_factory=dict)
    _branches: dict[int, "Branch"] = field(default_factory=dict)

    def count(self, resource: str) -> int:
        """How many rows the resource has."""
        return COUNTS.get(resource, DEFAULT_COUNT)

    def id(self, resource: str, number: int) -> str:
        """The id of row `number`."""
        found = self._ids.get((resource, number))
        if found is None:
            found = str(uuid.uuid5(NAMESPACE, f"{self.seed}:{self.platform}:{resource}:{number}"))
            self._ids[resource, number] = found
        return found

    def reference(self, entity: str, number: int) -> str | None:
        """The id of some row of the entity that a field refers to; None when the platform has no such list."""
        if entity not in self._references:
            resource = self.contract.referenced(entity)
            usable = resource is not None and readable(resource, self.platform)
            self._references[entity] = resource if usable else None
        found = self._references[entity]
        return None if found is None else self.id(found.name, number * 5 % self.count(found.name))

    def branch(self, raw: Mapping[str, Any]) -> "Branch":
        """What is made for a schema of the contract, worked out once: a row asks for hundreds of them."""
        found = self._branches.get(id(raw))
        if found is None:
            found = self._branches[id(raw)] = _branch(raw, self.contract.schemas)
        return found


@dataclass(frozen=True, slots=True)
class Branch:
    """A schema with its types and the branch of a union that is made. `raw` keeps the identity that it is found by."""

    raw: Mapping[str, Any]
    types: frozenset[str]
    schema: Mapping[str, Any]


def _branch(raw: Mapping[str, Any], schemas: Mapping[str, Any]) -> Branch:
    schema = resolve(raw, schemas)
    found = schema.get("type")
    types = {found} if isinstance(found, str) else set(found or ())
    for key in ("anyOf", "oneOf", "allOf"):
        branches = [resolve(part, schemas) for part in schema.get(key, ())]
        for branch in branches:
            inner = branch.get("type")
            types |= {inner} if isinstance(inner, str) else set(inner or ())
        real = [branch for branch in branches if branch.get("type") != "null"]
        if real:
            schema = {**schema, **real[0]}
    return Branch(raw, frozenset(types), schema)


def readable(resource: Resource, platform: str) -> bool:
    """Whether the resource has rows on the platform."""
    return any(resource.supports(name, platform) for name in ("list", "get"))


def document(world: World, resource: Resource, number: int) -> dict[str, Any]:
    """Row `number` of a resource, valid against its schema, not yet consistent with other rows."""
    schema = world.contract.schema(resource.schema_name or "")
    maker = _Maker(world, resource, number)
    body: dict[str, Any] = maker.object(schema, "")
    body["id"] = world.id(resource.name, number)
    if "platform_id" in body:
        body["platform_id"] = str(1000 + number)
    created, updated, synced = calendar.stamps(number, world.now)
    for name, value in (("created_at", created), ("updated_at", updated), ("last_synced_at", synced)):
        if name in body:
            body[name] = value
    if "platform_data" in (schema.get("properties") or {}):
        body["platform_data"] = {"Id": str(1000 + number), "sparse": False}
    return body


class _Maker:
    """Fills one document."""

    def __init__(self, world: World, resource: Resource, number: int) -> None:
        self.world = world
        self.resource = resource
        self.number = number
        self.code = amounts.currency(number)

    def object(self, schema: Mapping[str, Any], prefix: str, line: int = 0) -> dict[str, Any]:
        """Every required property, and optional ones on two rows of three."""
        required = set(schema.get("required", ()))
        made: dict[str, Any] = {}
        for name, raw in schema.get("properties", {}).items():
            path = f"{prefix}{name}"
            if name not in required and (self.number + len(name)) % 3 == 0:
                continue
            if path.count(".") > MAX_DEPTH or (name not in required and name in prefix.split(".")):
                continue
            value = self.value(raw, path, name, line)
            if value is not None or name in required:
                made[name] = value
        return made

    def value(self, raw: Mapping[str, Any], path: str, name: str, line: int) -> Any:
        """A value for one property; null where the platform does not have the field."""
        branch = self.world.branch(raw)
        types, schema = branch.types, branch.schema
        field = self.resource.fields.get(path)
        on = field is None or field.on(self.world.platform)
        reference = (field.ref if field else None) or schema.get("x-ref")
        if not on:
            return self._absent(types, schema, path, line)
        if "array" in types:
            return self._array(schema, path, line)
        if "object" in types:
            return self.object(schema, f"{path}.", line) if schema.get("properties") else {}
        if reference is not None:
            found = None if reference == "*" else self.world.reference(reference, self.number + line)
            return found if found is not None or "null" in types else self.world.id(path, self.number)
        if "null" in types and (self.number + len(path)) % 11 == 0 and name not in KEPT:
            return None
        return self._scalar(schema, types, path, name, line)

    def _absent(self, types: frozenset[str], schema: Mapping[str, Any], path: str, line: int) -> Any:
        if "null" in types:
            return None
        if "array" in types:
            return []
        if "object" in types:
            return self.object(
                {
                    **schema,
                    "properties": {
                        key: value
                        for key, value in schema.get("properties", {}).items()
                        if key in schema.get("required", ())
                    },
                },
                f"{path}.",
                line,
            )
        return self._scalar(schema, types, path, path.rpartition(".")[2], line)

    def _array(self, schema: Mapping[str, Any], path: str, line: int) -> list[Any]:
        name = path.rpartition(".")[2]
        if name.startswith("linked_") or path.count("[]") > 2 or name in EMPTY:
            return []
        items = resolve(schema.get("items", {}), self.world.contract.schemas)
        count = self.number % 4 + 1 if name in {"line_items", "variants", "transactions"} else 1
        made = [self._item(items, path, index + line) for index in range(count)]
        return [item for item in made if item is not None]

    def _item(self, items: Mapping[str, Any], path: str, index: int) -> Any:
        return self.value(items, f"{path}[]", path.rpartition(".")[2].removesuffix("s"), index)

    def _scalar(self, schema: Mapping[str, Any], types: frozenset[str], path: str, name: str, line: int) -> Any:
        number = self.number + line
        if "enum" in schema:
            return self._enum(schema["enum"], path, name)
        if "const" in schema:
            return schema["const"]
        if "boolean" in types:
            return number % 2 == 0
        if "integer" in types:
            return number % 90 + 1
        if "number" in types and "string" not in types:
            return amounts.number(amounts.amount(number, self.code))
        if "string" in types:
            return self._text(schema, path, name, number)
        return None

    def _enum(self, values: list[Any], path: str, name: str) -> Any:
        usable = [value for value in values if value not in {None, "unknown", "UNKNOWN", "null"}] or values
        if name in {"currency_code", "currency", "currency_codes", "iso_currency_code"} or self.code in usable:
            return self.code
        if path == "status" and "active" in usable:
            return "active" if self.number % 8 or "archived" not in usable else "archived"
        return usable[(self.number // 3) % len(usable)]

    def _text(self, schema: Mapping[str, Any], path: str, name: str, number: int) -> str:
        form = schema.get("format")
        if form == "date-time":
            return calendar.document_date(number, self.world.platform)
        if form == "date" or (name.endswith("_date") and form is None):
            return calendar.day(number).strftime("%Y-%m-%d")
        if name in {"allocated_at", "posted_at"}:
            return calendar.document_date(number, self.world.platform)
        if form == "uuid":
            return self.world.id(path, number)
        if form == "email" or "email" in name:
            return f"billing{number}@example.com"
        if form == "uri" or "url" in name or name == "website":
            return f"https://example.com/{self.resource.name}/{number}"
        if "currency" in name:
            return {"currency_rate": "1.25"}.get(name, self.code)
        return self._named(name, number)

    def _named(self, name: str, number: int) -> str:
        if name in AMOUNTS:
            return amounts.text(amounts.amount(number, self.code), amounts.digits(self.code))
        if "memo" in name or "description" in name or name in {"note", "remarks"}:
            return words.memo(number)
        if name in {"contact_name", "first_name", "last_name", "full_name"}:
            return words.person(number)
        if name == "city":
            return words.city(number)
        if name in {"country", "country_code"}:
            return ("US", "DE", "JP", "BR", "EG")[number % 5]
        if name == "phone":
            return f"+1 415 555 {number % 10000:04d}"
        if "name" in name or "title" in name:
            return words.company(number)
        if name == "document_number":
            return f"{self.resource.name[:3].upper()}-{10000 + number}"
        if name in {"id", "platform_id"} or name.endswith("_id"):
            return str(5000 + number)
        return f"{name.replace('_', ' ')} {number}"


KEPT = frozenset({"id", "platform_id", "currency_code", "total_amount", "issue_date", "transaction_date", "txn_date",
                  "created_at", "updated_at", "last_synced_at", "customer_name", "vendor_name", "name"})  # fmt: skip
EMPTY = frozenset({"items", "fulfillments", "refunds", "images"})
AMOUNTS = frozenset({"total_amount", "amount", "value", "unit_price", "sub_total", "tax_amount", "unit_amount",
                     "remaining_amount", "total_assets", "total_equity", "total_liabilities",
                     "ending_balance", "starting_balance", "gross_profit", "gross_cash_in_flow", "gross_cash_out_flow",
                     "net_income", "net_operating_income", "net_profit", "net_sales", "total_cost_of_sales",
                     "total_expenses", "total_income", "total_financing", "total_investing",
                     "total_operating"})  # fmt: skip
