"""From a PATCH body to the new document."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from harness.contract import Contract, Resource
from harness.core import iso_utc
from harness.emulator.bookkeeping.creating import Document, lines, place, writable
from harness.emulator.bookkeeping.derived import derive, discounted
from harness.emulator.bookkeeping.moulds import moulds
from harness.emulator.bookkeeping.refusals import Lookup, Refused, check_references, check_rules
from harness.emulator.quirks.registry import applies


def updated(
    contract: Contract,
    resource: Resource,
    platform: str,
    document: Document,
    body: Mapping[str, Any],
    *,
    ids: Callable[[], str],
    now: datetime,
    lookup: Lookup,
) -> Document:
    """The document after a valid PATCH: sent fields change, the rest stays, `updated_at` moves. Raises Refused.

    Lines: bills and expenses replace all; others too, keeping the ids that are named (INFERRED), where the quirks
    `lines_appended` and `lines_whole` do not say otherwise.
    """
    body = writable(contract, resource.update_schema_name, body)
    check_references(contract, resource, "update", platform, body, lookup)
    check_rules(resource.name, platform, body, lookup)
    if "line_items" in body and applies(platform, "lines_whole", resource.name):
        _whole(document, body["line_items"])
    mould = moulds(contract, resource.name, platform)
    schema = contract.schema(resource.schema_name or "")
    after = {name: _copy(value) for name, value in document.items()}
    for name, value in place(resource, body).items():
        raw = schema.get("properties", {}).get(name)
        field = resource.fields.get(name)
        if raw is None or (field is not None and not field.on(platform)):
            continue
        if name == "line_items" and "line_items" not in body:
            continue
        shaped = mould.value(raw, value, name)
        if name == "line_items":
            shaped = _lines(resource, platform, document, shaped)
        elif isinstance(shaped, dict) and isinstance(after.get(name), dict):
            shaped = {**after[name], **_sent(shaped, value)}
        after[name] = shaped
    if "line_items" in body:
        lines(resource, after, ids)
    discounted(resource.name, after, body)
    moment = iso_utc(now)
    for name in ("updated_at", "last_synced_at"):
        if name in after:
            after[name] = moment
    return derive(resource.name, after)


def _sent(shaped: Document, value: Any) -> Document:
    """Only what was sent of a nested object: the rest of it stays."""
    return {name: item for name, item in shaped.items() if isinstance(value, dict) and name in value}


def _lines(resource: Resource, platform: str, document: Document, sent: list[Document]) -> list[Document]:
    if not applies(platform, "lines_appended", resource.name):
        return sent
    kept = [dict(line) for line in document.get("line_items") or ()]
    by_id = {line.get("platform_id"): line for line in kept}
    for line in sent:
        if line.get("platform_id") in by_id and line.get("platform_id") is not None:
            by_id[line["platform_id"]].update({name: value for name, value in line.items() if value is not None})
        else:
            kept.append(line)
    return kept


def _whole(document: Document, sent: list[Document]) -> None:
    """Every line that there is has to be sent again. Raises Refused."""
    named = {line.get("platform_id") for line in sent}
    if any(line.get("platform_id") not in named for line in document.get("line_items") or ()):
        raise Refused("All lines must be sent: a line of the document is missing.")


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
