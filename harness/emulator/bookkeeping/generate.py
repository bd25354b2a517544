"""What a generated document may refer to: rows of other lists by number, and the platform it is of."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.contract import Contract, Resource
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
BRANCHES = 5
"""Rows under each row of a list whose rows have a parent."""


@dataclass(frozen=True, slots=True)
class World:
    """What a generated document may refer to."""

    contract: Contract
    platform: str
    seed: int
    now: datetime
    recipes: dict[str, Callable[[int, int], Any]] = field(default_factory=dict)
    """How a row of each resource is made, see `recipes`."""
    _ids: dict[tuple[str, int], str] = field(default_factory=dict)
    _references: dict[str, Resource | None] = field(default_factory=dict)

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

    def parent(self, entity: str, number: int) -> str | None:
        """The id of the row above row `number` of the same entity in a tree of `BRANCHES`; None for the first."""
        found = self._references[entity]
        return None if found is None or number == 0 else self.id(found.name, (number - 1) // BRANCHES)


def readable(resource: Resource, platform: str) -> bool:
    """Whether the resource has rows on the platform."""
    return any(resource.supports(name, platform) for name in ("list", "get"))
