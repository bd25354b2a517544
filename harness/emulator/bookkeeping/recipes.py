"""A plausible document for any schema of the contract: the base that resource modules then make consistent.

What a value depends on is its row's number and its line's; everything else is worked out once for each place in a
schema and kept as a recipe, because the books of one connection ask for half a million values.
"""

from collections.abc import Callable, Mapping
from typing import Any

from harness.contract import Resource
from harness.contract.fields import resolve
from harness.emulator.bookkeeping import amounts, calendar, words
from harness.emulator.bookkeeping.generate import World

Schema = Mapping[str, Any]
Recipe = Callable[[int, int], Any]
"""The value of (row number, line number)."""
MAX_DEPTH = 7


def document(world: World, resource: Resource, number: int) -> dict[str, Any]:
    """Row `number` of a resource, valid against its schema, not yet consistent with other rows."""
    recipe = world.recipes.get(resource.name)
    if recipe is None:
        recipe = world.recipes[resource.name] = _Cook(world, resource).document()
    body: dict[str, Any] = recipe(number, 0)
    body["id"] = world.id(resource.name, number)
    if "platform_id" in body:
        body["platform_id"] = str(1000 + number)
    created, updated, synced = calendar.stamps(number, world.now)
    for name, value in (("created_at", created), ("updated_at", updated), ("last_synced_at", synced)):
        if name in body:
            body[name] = value
    if "platform_data" in (world.contract.schema(resource.schema_name or "").get("properties") or {}):
        body["platform_data"] = {"Id": str(1000 + number), "sparse": False}
    return body


class _Cook:
    """Works out the recipes of one resource on one platform."""

    def __init__(self, world: World, resource: Resource) -> None:
        self._world, self._resource, self._schemas = world, resource, world.contract.schemas

    def document(self) -> Recipe:
        """The recipe of a whole row."""
        return self._object(self._world.contract.schema(self._resource.schema_name or ""), "")

    def _object(self, schema: Schema, prefix: str) -> Recipe:
        """Every required property, and optional ones on two rows of three."""
        required = set(schema.get("required", ()))
        known: list[tuple[str, bool, Recipe]] = []
        rows: list[list[tuple[str, bool, Recipe]]] = []

        def prepare() -> None:
            for name, raw in schema.get("properties", {}).items():
                path = f"{prefix}{name}"
                if path.count(".") <= MAX_DEPTH and (name in required or name not in prefix.split(".")):
                    known.append((name, name in required, self._value(raw, path, name)))
            rows.extend([part for part in known if part[1] or (third + len(part[0])) % 3] for third in range(3))

        def make(number: int, line: int) -> dict[str, Any]:
            if not rows:
                prepare()  # at the first row: a schema may hold itself
            made = {}
            for name, needed, recipe in rows[number % 3]:
                value = recipe(number, line)
                if value is not None or needed:
                    made[name] = value
            return made

        return make

    def _value(self, raw: Schema, path: str, name: str) -> Recipe:
        """A value for one property; null where the platform does not have the field."""
        types, schema = _branch(raw, self._schemas)
        field = self._resource.fields.get(path)
        if field is not None and not field.on(self._world.platform):
            return self._absent(types, schema, path)
        if "array" in types:
            return self._array(schema, path)
        if "object" in types:
            return self._object(schema, f"{path}.") if schema.get("properties") else lambda _number, _line: {}
        reference = (field.ref if field else None) or schema.get("x-ref")
        if reference is not None:
            return self._reference(reference, path, nullable="null" in types)
        scalar = self._scalar(schema, types, path, name)
        if "null" not in types or name in KEPT:
            return scalar
        rest = len(path)
        return lambda number, line: None if (number + rest) % 11 == 0 else scalar(number, line)

    def _reference(self, entity: str, path: str, *, nullable: bool) -> Recipe:
        world = self._world

        def refer(number: int, line: int) -> str | None:
            found = None if entity == "*" else world.reference(entity, number + line)
            if path == "parent_id" and found is not None and nullable:
                return world.parent(entity, number)
            return found if found is not None or nullable else world.id(path, number)

        return refer

    def _absent(self, types: frozenset[str], schema: Schema, path: str) -> Recipe:
        if "null" in types:
            return _nothing
        if "array" in types:
            return lambda _number, _line: []
        if "object" in types:
            needed = schema.get("required", ())
            properties = {key: value for key, value in schema.get("properties", {}).items() if key in needed}
            return self._object({**schema, "properties": properties}, f"{path}.")
        return self._scalar(schema, types, path, path.rpartition(".")[2])

    def _array(self, schema: Schema, path: str) -> Recipe:
        name = path.rpartition(".")[2]
        if name.startswith("linked_") or path.count("[]") > 2 or name in EMPTY:
            return lambda _number, _line: []
        item = self._value(resolve(schema.get("items", {}), self._schemas), f"{path}[]", name.removesuffix("s"))
        several = name in {"line_items", "variants", "transactions"}

        def make(number: int, line: int) -> list[Any]:
            made = [item(number, index + line) for index in range(number % 4 + 1 if several else 1)]
            return [value for value in made if value is not None]

        return make

    def _scalar(self, schema: Schema, types: frozenset[str], path: str, name: str) -> Recipe:
        if "enum" in schema:
            return _enum(schema["enum"], path, name)
        if "const" in schema:
            return lambda _number, _line: schema["const"]
        if "boolean" in types:
            return lambda number, line: (number + line) % 2 == 0
        if "integer" in types:
            return lambda number, line: (number + line) % 90 + 1
        if "number" in types and "string" not in types:
            return lambda number, line: amounts.plain(number + line, amounts.currency(number))
        return self._text(schema, path, name) if "string" in types else _nothing

    def _text(self, schema: Schema, path: str, name: str) -> Recipe:
        form, world, resource = schema.get("format"), self._world, self._resource.name
        if form == "date-time":
            return lambda number, line: calendar.document_date(number + line, world.platform)
        if form == "date" or (name.endswith("_date") and form is None):
            return lambda number, line: calendar.day(number + line).strftime("%Y-%m-%d")
        if name in {"allocated_at", "posted_at"}:
            return lambda number, line: calendar.document_date(number + line, world.platform)
        if form == "uuid":
            return lambda number, line: world.id(path, number + line)
        if form == "email" or "email" in name:
            return lambda number, line: f"billing{number + line}@example.com"
        if form == "uri" or "url" in name or name == "website":
            return lambda number, line: f"https://example.com/{resource}/{number + line}"
        if name == "currency_rate":
            return lambda _number, _line: "1.25"
        if "currency" in name:
            return lambda number, _line: amounts.currency(number)
        return _named(name, resource)


def _branch(raw: Schema, schemas: Mapping[str, Schema]) -> tuple[frozenset[str], Schema]:
    """The types of a schema, and the branch of a union that is made."""
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
    return frozenset(types), schema


def _nothing(_number: int, _line: int) -> None:
    """No value."""


def _enum(values: list[Any], path: str, name: str) -> Recipe:
    usable = [value for value in values if value not in {None, "unknown", "UNKNOWN", "null"}] or values
    codes = {code for code in amounts.CURRENCIES if code in usable}
    if name in {"currency_code", "currency", "currency_codes", "iso_currency_code"}:
        codes = set(amounts.CURRENCIES)
    states = ("active", "archived" if "archived" in usable else "active")
    lively = path == "status" and "active" in usable

    def choose(number: int, _line: int) -> Any:
        code = amounts.currency(number)
        if code in codes:
            return code
        return states[number % 8 == 0] if lively else usable[(number // 3) % len(usable)]

    return choose


def _named(name: str, resource: str) -> Recipe:
    """A text whose field's name says what it is."""
    if name in AMOUNTS:
        return lambda number, line: amounts.shown(number + line, amounts.currency(number))
    if "memo" in name or "description" in name or name in {"note", "remarks"}:
        return lambda number, line: words.memo(number + line)
    if name in {"contact_name", "first_name", "last_name", "full_name"}:
        return lambda number, line: words.person(number + line)
    if name == "city":
        return lambda number, line: words.city(number + line)
    if name in {"country", "country_code"}:
        return lambda number, line: ("US", "DE", "JP", "BR", "EG")[(number + line) % 5]
    if name == "phone":
        return lambda number, line: f"+1 415 555 {(number + line) % 10000:04d}"
    if "name" in name or "title" in name:
        return lambda number, line: words.company(number + line)
    if name == "document_number":
        return lambda number, line: f"{resource[:3].upper()}-{10000 + number + line}"
    if name in {"id", "platform_id"} or name.endswith("_id"):
        return lambda number, line: str(5000 + number + line)
    label = name.replace("_", " ")
    return lambda number, line: f"{label} {number + line}"


KEPT = frozenset({"id", "platform_id", "currency_code", "total_amount", "issue_date", "transaction_date", "txn_date",
                  "created_at", "updated_at", "last_synced_at", "customer_name", "vendor_name", "name"})  # fmt: skip
EMPTY = frozenset({"items", "fulfillments", "refunds", "images"})
AMOUNTS = frozenset({"total_amount", "amount", "value", "unit_price", "sub_total", "tax_amount", "unit_amount",
                     "remaining_amount", "total_assets", "total_equity", "total_liabilities",
                     "ending_balance", "starting_balance", "gross_profit", "gross_cash_in_flow", "gross_cash_out_flow",
                     "net_income", "net_operating_income", "net_profit", "net_sales", "total_cost_of_sales",
                     "total_expenses", "total_income", "total_financing", "total_investing",
                     "total_operating"})  # fmt: skip
