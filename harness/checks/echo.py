"""Holding what was sent against what came back: renamed inputs, days, exact amounts, lines, links."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from harness.checks.paths import MISSING, exact
from harness.contract import Resource

READ_AS: Mapping[str, Mapping[str, str]] = {
    "purchase_orders": {
        "txn_date": "issue_date",
        "currency": "currency_code",
        "line_items[].item": "line_items[].item.id",
        "line_items[].quantity": "line_items[].item.quantity",
        "line_items[].unit_amount": "line_items[].item.unit_amount",
    },
    "invoice_payments": {"transaction_date": "txn_date"},
    "invoice_credit_memos": {
        "line_items[].total_amount": "line_items[].amount",
        "line_items[].item.id": "line_items[].item_id",
        "line_items[].item.quantity": "line_items[].quantity",
        "line_items[].item.unit_amount": "line_items[].unit_amount",
    },
    "vendors": {"currency_code": "currency_codes"},
    "customers": {"additional_fields.parent_id": "parent_id", "additional_fields.currency_code": "currency_code"},
    "orders": {"currency_code": "iso_currency_code", "additional_fields.tags": "tags"},
}
"""Resource -> input path -> path of the returned object, where the two differ. Source: [S24] schemas."""

Difference = tuple[str, Any, Any]
"""(path of the returned object, what was sent, what was seen or MISSING)."""


def missing_of(resource: Resource, platform: str, sent: Mapping[str, Any], seen: Mapping[str, Any]) -> list[Difference]:
    """Where an object lacks what was sent. Inputs that the contract does not let read back, on this platform, are
    left out; so is null, whose meaning is unknown. Source: [S24]; INFERRED that what is readable comes back."""
    return list(_object(resource, platform, _hoisted(resource, sent), seen, ""))


def _hoisted(resource: Resource, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """The input with its addresses and its discount where the returned object has them: sent in `additional_fields`,
    read at the top. Source: [S24] invoices and vendors; INFERRED that the discount is the one sent."""
    discount = (sent.get("additional_fields") or {}).get("discount_amount")
    if (
        discount is not None
        and "discount_amount" in resource.fields
        and "discount_amount" not in resource.create_fields
    ):
        sent = {**sent, "discount_amount": discount}
    addresses = (sent.get("additional_fields") or {}).get("addresses")
    if addresses is None or "addresses" in sent or "additional_fields.addresses" in resource.fields:
        return sent
    return {**sent, "addresses": addresses}


def _object(
    resource: Resource, platform: str, sent: Mapping[str, Any], seen: Mapping[str, Any], prefix: str
) -> Iterator[Difference]:
    for name, value in sent.items():
        if value is None:
            continue
        path = f"{prefix}{name}"
        renamed = READ_AS.get(resource.name, {}).get(path)
        if renamed is None and isinstance(value, Mapping) and path not in resource.fields:
            yield from _object(resource, platform, value, seen, f"{path}.")
            continue
        target = renamed or path
        field = resource.fields.get(target)
        if field is None or not field.on(platform):
            continue
        found = _at(seen, target, prefix, renamed is not None)
        yield from _value(resource, platform, target, value, found)


def _at(seen: Mapping[str, Any], path: str, prefix: str, renamed: bool) -> Any:
    """The value of the returned object at `path`, seen from the object that `prefix` stands for."""
    base = prefix
    while renamed and base and not path.startswith(base):
        base = base.rstrip(".").rpartition(".")[0]
        base = f"{base}." if base else ""
    current: Any = seen
    for name in path.removeprefix(base).split("."):
        if not isinstance(current, Mapping) or name not in current:
            return MISSING
        current = current[name]
    return current


def _value(resource: Resource, platform: str, path: str, sent: Any, seen: Any) -> Iterator[Difference]:
    if isinstance(sent, Mapping):
        if isinstance(seen, Mapping):
            yield from _object(resource, platform, sent, seen, f"{path}.")
        elif any(_object(resource, platform, sent, {}, f"{path}.")):
            yield path, sent, seen  # of inputs that nobody reads back the object need not even be there
    elif isinstance(sent, list):
        yield from _list(resource, platform, path, sent, seen)
    elif path.removesuffix("[]") == "currency_codes":
        if not isinstance(seen, list) or sent not in seen:
            yield path, sent, seen
    elif not same(resource, path, sent, seen):
        yield path, sent, seen


def _list(resource: Resource, platform: str, path: str, sent: list[Any], seen: Any) -> Iterator[Difference]:
    if not isinstance(seen, list):
        yield path, sent, seen
        return
    if not all(isinstance(item, Mapping) for item in sent):
        if sorted(map(str, sent)) != sorted(map(str, seen)):
            yield path, sent, seen
        return
    if len(seen) != len(sent):
        yield path, f"{len(sent)} elements", f"{len(seen)} elements"
        return
    by_id = {item.get("id"): item for item in seen if isinstance(item, Mapping)}
    for index, item in enumerate(sent):
        found = by_id.get(item.get("id"), seen[index]) if "id" in item else seen[index]
        if isinstance(found, Mapping):
            yield from _object(resource, platform, item, found, f"{path}[].")
        else:
            yield path, item, found


def same(resource: Resource, path: str, sent: Any, seen: Any) -> bool:
    """Whether one value came back: a timestamp as the same day (at the same instant when it was midnight UTC), an
    amount as the same number, everything else unchanged."""
    field = resource.fields.get(path)
    if isinstance(sent, bool) or isinstance(seen, bool):
        return sent is seen
    if field is not None and isinstance(sent, str) and (field.is_date_time or field.format == "date"):
        return same_day(sent, seen)
    if isinstance(sent, (int, float)) or (field is not None and "number" in field.types):
        wanted = exact(sent)
        return wanted is not None and wanted == exact(seen)
    if isinstance(sent, str) and isinstance(seen, str) and is_amount(path):
        wanted = exact(sent)
        return wanted == exact(seen) if wanted is not None else sent == seen
    if field is not None and field.enum and isinstance(sent, str) and isinstance(seen, str) and sent not in field.enum:
        return sent.casefold() == seen.casefold()  # the input has other words for the same state. Source: [S24]
    return bool(sent == seen)


def is_amount(path: str) -> bool:
    """Whether a text at this path is an amount: `"49.9"` and `"49.90"` are the same."""
    return path.rpartition(".")[2] in {
        "total_amount", "amount", "unit_amount", "unit_price", "allocated_amount", "remaining_amount", "currency_rate",
    }  # fmt: skip


def same_day(sent: str, seen: Any) -> bool:
    """Whether the day (UTC) is kept; midnight stays midnight. Source: [S24] due_date of bills for QuickBooks; INFERRED
    elsewhere."""
    if not isinstance(seen, str):
        return False
    if len(sent) == 10 or len(seen) == 10:
        return sent[:10] == seen[:10]
    first, second = instant(sent), instant(seen)
    if first is None or second is None:
        return sent == seen
    if (first.hour, first.minute, first.second) == (0, 0, 0):
        return first == second
    return first.date() == second.date()


@lru_cache(maxsize=100_000)
def instant(text: str) -> datetime | None:
    """An ISO 8601 timestamp with a zone, in UTC; None for everything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None
