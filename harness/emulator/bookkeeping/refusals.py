"""What a platform refuses although the request is well formed (HTTP 450)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness.contract import Contract, Resource
from harness.emulator.bookkeeping.amounts import exact
from harness.emulator.bookkeeping.derived import balance
from harness.emulator.quirks import quirk

AMOUNTS = ("line_items[].total_amount", "line_items[].item.unit_amount", "linked_bills[].allocated_amount",
           "currency_rate", "bill_item.unit_price", "invoice_item.unit_price")  # fmt: skip
"""Inputs that may be texts and stand for numbers. Source: [S24] create and update schemas."""
AMOUNT = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?")
Lookup = Callable[[str, str], dict[str, Any] | None]


class Refused(Exception):
    """The platform says no; the text is for a person."""


def check_references(
    contract: Contract, resource: Resource, operation: str, platform: str, body: Mapping[str, Any], lookup: Lookup
) -> None:
    """Every id that names another object must exist on this connection. `operation` is create or update."""
    _resolved(body, _references(contract, resource.name, operation, platform), lookup)


@dataclass(slots=True)
class _Named:
    """What a place in a body names: the resources whose ids stand there, each with the field's path; and the places
    inside it."""

    here: list[tuple[str, Resource]]
    inside: dict[str, "_Named"]


def _resolved(value: Any, place: _Named, lookup: Lookup) -> None:
    """Arrays are opened wherever they are."""
    if isinstance(value, dict):
        for name, inner in place.inside.items():
            if name in value:
                _resolved(value[name], inner, lookup)
    elif isinstance(value, list):
        for item in value:
            _resolved(item, place, lookup)
    elif isinstance(value, str):
        for path, referred in place.here:
            if lookup(referred.name, value) is None:
                raise Refused(f"{path}: there is no {referred.entity} with id {value}.")


@cache
def _references(contract: Contract, name: str, operation: str, platform: str) -> _Named:
    """The fields that name another object, as the tree in which they stand."""
    resource = contract.resources[name]
    whole = _Named([], {})
    for path, field in (resource.create_fields if operation == "create" else resource.update_fields).items():
        if field.ref is None or field.ref == "*" or not field.on(platform):
            continue
        referred = contract.referenced(field.ref)
        if referred is not None and (referred.supports("list", platform) or referred.supports("get", platform)):
            place = whole
            for step in path.replace("[]", "").split("."):
                place = place.inside.setdefault(step, _Named([], {}))
            place.here.append((path, referred))
    return whole


def check_size(value: Any, largest: float) -> None:
    """No number of a body may be so large that sums of such numbers lose their cents."""
    if isinstance(value, dict):
        value = value.values()
    elif isinstance(value, (int, float)):
        if abs(value) >= largest:
            raise Refused("An amount is larger than the platform can keep.")
        return
    elif not isinstance(value, list):
        return
    for item in value:
        check_size(item, largest)


def check_rules(resource: str, platform: str, body: Mapping[str, Any], lookup: Lookup) -> None:
    """The platform's own rules. Sources: the quirks; [S24] on journal signs and bank transfers."""
    for path in AMOUNTS:
        for value in values(body, path):
            if isinstance(value, str) and AMOUNT.fullmatch(value) is None:
                raise Refused(f"{path}: {value[:40]!r} is no number.")
    lines = [line for line in body.get("line_items") or () if isinstance(line, dict)]
    alternatives = quirk(platform, "line_needs_one_of").get(resource)
    for line in lines if alternatives else ():
        if sum(name in line for name in alternatives) != 1:
            raise Refused(f"A line needs exactly one of {' and '.join(alternatives)}.")
    if resource == "journal_entries" and lines and balance(dict(body)) != 0:
        raise Refused("The lines of a journal entry must balance: debits are positive, credits negative.")
    if resource == "bank_transfers":
        _same_currency(body, lookup)
    _parties(quirk(platform, "line_needs_party").get(resource) or {}, lines, lookup)
    for payable, key, amount in (
        ("bills", "linked_bills", "allocated_amount"),
        ("invoices", "linked_invoices", "amount"),
        ("invoices", "linked_invoices", "allocated_amount"),
    ):
        for link in body.get(key) or ():
            target = lookup(payable, str(link.get("id")))
            if target is not None and amount in link and exact(link[amount]) > exact(target.get("amount_due")):
                raise Refused(f"{key}: more is allocated than is due.")


def _same_currency(body: Mapping[str, Any], lookup: Lookup) -> None:
    ends = [lookup("accounts", str(body[name])) for name in ("credit_account_id", "debit_account_id") if name in body]
    codes = {account.get("currency_code") for account in ends if account is not None}
    if len(codes) > 1:
        raise Refused("A bank transfer needs two accounts of the same currency.")


def _parties(needed: Mapping[str, str], lines: list[dict[str, Any]], lookup: Lookup) -> None:
    """A line on some accounts says whose it is."""
    for line in lines if needed else ():
        account = lookup("accounts", str(line.get("account_id"))) or {}
        party = needed.get(str(account.get("account_type")))
        if party is not None and not line.get(party):
            raise Refused(f"A line on {account['account_type']} needs {party}.")


def values(body: Any, path: str) -> Iterator[Any]:
    """Every value at a dotted path, arrays opened."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    found = body.get(name) if isinstance(body, dict) else None
    for item in (found or ()) if head.endswith("[]") else (found,):
        if rest:
            yield from values(item, rest)
        elif isinstance(item, list):
            yield from item
        elif item is not None:
            yield item
