"""Lists and single objects."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from harness.contract import Resource
from harness.emulator.documents import Documents, Order, Place, Row, next_place
from harness.emulator.errors import ApiError, invalid_request, unknown_id
from harness.emulator.jsontext import dense
from harness.emulator.query import parse
from harness.emulator.settings import EmulatorSettings
from harness.emulator.storage.sortkeys import LARGEST

SINGLE_LISTS = frozenset({"company_info", "store", "balance"})
"""Lists whose value is one object. Source: [S24] response schemas."""
NOTHING = {"balance": b"[]", "store": b"null"}
"""What stands for that object where there is none; company_info can be neither null nor a list. Source: the same."""
DEFAULT_LIMIT = 50
POSITIVE = re.compile(r"0{0,99}[1-9][0-9]{0,999}")
"""A positive integer of a length that can be read."""
Block = dict[str, Any]
Expanded = frozenset[str]


def limit_of(query: Mapping[str, str], settings: EmulatorSettings, default: int = DEFAULT_LIMIT) -> int:
    """The page size; ApiError 400 for what is no positive integer."""
    if "limit" not in query:
        return default
    text = query["limit"]
    if POSITIVE.fullmatch(text) is None:
        raise invalid_request("limit is a positive integer.", parameter="limit")
    if int(text) > settings.limit_maximum and settings.limit_over == "reject":
        raise invalid_request(f"limit is at most {settings.limit_maximum}.", parameter="limit")
    return min(int(text), settings.limit_maximum)


def list_page(
    store: Documents,
    settings: EmulatorSettings,
    resource: Resource,
    connection: Block,
    query: Mapping[str, str],
) -> bytes:
    """One page as JSON text. The cursor names the last row that was given, so that new rows shift nothing."""
    asked = tuple(pair for pair in query.items() if pair[0] != "access_token")
    return store.once(
        connection["id"], resource.name, asked, lambda: _listed(store, settings, resource, connection, query)
    )


def _listed(
    store: Documents, settings: EmulatorSettings, resource: Resource, connection: Block, query: Mapping[str, str]
) -> bytes:
    expanded = _expand(query, resource, settings)
    if resource.name in SINGLE_LISTS:
        rows = store.all(connection["id"], resource.name)
        return _single(resource, rows[0] if rows else None, settings, connection, expanded)
    if "cursor" not in resource.operations["list"].parameters:
        chosen = [row for row in store.all(connection["id"], resource.name) if _within(row.document, query)]
        return _page(resource, chosen, None, settings, connection, expanded, paged=False)
    limit = limit_of(query, settings)
    wanted = parse(query, resource, connection["platform"], settings)
    mark = _mark(query)
    after = _place(query["cursor"], mark, wanted.order) if "cursor" in query else None
    found = store.page(connection["id"], resource.name, replace(wanted, after=after, limit=limit + 1))
    page = found[:limit]
    cursor = _cursor(mark, next_place(page[-1], wanted.order)) if len(found) > limit else None
    return _page(resource, page, cursor, settings, connection, expanded, paged=True)


def _within(document: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Whether a row of an unpaged list is asked for: by id, or as one of the months of a range. Source: [S24]."""
    month = str(document.get("start_date", ""))[:7]
    first, last = query.get("start_date", "")[:7], query.get("end_date", "")[:7]
    if month and ((first and month < first) or (last and month > last)):
        return False
    return query.get("id", document.get("id")) == document.get("id")


def get_one(
    store: Documents,
    settings: EmulatorSettings,
    resource: Resource,
    connection: Block,
    id: str,
    query: Mapping[str, str],
) -> bytes:
    """One object as JSON text; `id_type=platform` looks it up by `platform_id`. Source: [S24]."""
    kind = query.get("id_type", "rutter")
    if kind not in {"rutter", "platform"}:
        raise invalid_request("id_type is rutter or platform.", parameter="id_type")
    row = (
        store.get(connection["id"], resource.name, id)
        if kind == "rutter"
        else store.find(connection["id"], resource.name, id)
    )
    if row is None:
        raise unknown_id(settings, resource.entity)
    expanded = _expand(query, resource, settings)
    return b'{"%s":%s,"connection":%s}' % (
        (resource.item_key or resource.entity).encode(),
        row_text(resource, row, expanded),
        _block(connection),
    )


def _block(connection: Block) -> bytes:
    return _block_text(tuple(connection.items()))


@lru_cache(maxsize=1024)
def _block_text(pairs: tuple[tuple[str, str], ...]) -> bytes:
    return dense(dict(pairs))


def row_text(resource: Resource, row: Row, expanded: Expanded) -> bytes:
    """A row's JSON, with what has to be expanded only when it was asked for. Source: [S24] expand."""
    text = row.full if "platform_data" in expanded else row.brief
    if expanded.issuperset(LEFT_OUT.get(resource.name, ())):
        return text
    left_out = LEFT_OUT[resource.name] - expanded
    return dense({name: value for name, value in json.loads(text).items() if name not in left_out})


def _expand(query: Mapping[str, str], resource: Resource, settings: EmulatorSettings) -> Expanded:
    """What is to be expanded; ApiError 400 for what is not known."""
    if "expand" not in query:
        return frozenset()
    wanted = query["expand"].split(",")
    allowed = {"platform_data", *EXPANSIONS.get(resource.name, ())}
    unknown = [name for name in wanted if name not in allowed]
    if unknown and settings.expand_unknown == "reject":
        raise invalid_request(f"expand does not know {unknown[0]}.", parameter="expand")
    return frozenset(wanted)


EXPANSIONS = {"products": ("category_id",), "orders": ("transactions",)}
LEFT_OUT = {"products": frozenset({"category_id"}), "orders": frozenset({"transactions"})}
"""Keys of stored documents that a read has only when they are expanded. Source: [S24] expand."""


def _single(
    resource: Resource, row: Row | None, settings: EmulatorSettings, connection: Block, expanded: Expanded
) -> bytes:
    """ApiError for no object where the contract has no word for none (INFERRED)."""
    if row is None and resource.name not in NOTHING:
        raise unknown_id(settings, resource.entity)
    text = _own_keys(resource, row_text(resource, row, expanded)) if row else NOTHING[resource.name]
    key = (resource.list_key or resource.name).encode()
    return b'{"%s":%s,"connection":%s}' % (key, text, _block(connection))


def _own_keys(resource: Resource, text: bytes) -> bytes:
    """Without the id by which the store knows an object that has none, such as the balance."""
    if "id" in resource.fields:
        return text
    return dense({name: value for name, value in json.loads(text).items() if name != "id"})


def _page(
    resource: Resource,
    rows: list[Row],
    cursor: str | None,
    settings: EmulatorSettings,
    connection: Block,
    expanded: Expanded,
    *,
    paged: bool,
) -> bytes:
    texts = b",".join([row_text(resource, row, expanded) for row in rows])
    tail = b""
    if paged and (cursor is not None or settings.last_cursor == "null"):
        tail = b',"next_cursor":' + json.dumps(cursor).encode()
    key = (resource.list_key or resource.name).encode()
    if resource.operations["list"].knows_connection:
        tail += b',"connection":' + _block(connection)
    return b'{"%s":[%s]%s}' % (key, texts, tail)


def _mark(query: Mapping[str, str]) -> str:
    """A digest of the query that a cursor belongs to; the page size may change, the rest may not."""
    kept = sorted((name, value) for name, value in query.items() if name not in {"cursor", "limit", "access_token"})
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:12]


def _cursor(mark: str, place: Place) -> str:
    text = json.dumps([mark, place.value, place.position])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str, mark: str, order: Order | None) -> Place:
    """Where the page starts: behind the place that the cursor names, whether or not its row still stands there."""
    broken: ApiError = invalid_request("The cursor is not valid for this query.", parameter="cursor")
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        owner, value, position = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, binascii.Error, UnicodeError, TypeError):
        raise broken from None
    numbers = [number for number in (value, position) if isinstance(number, int) and abs(number) <= LARGEST]
    if owner != mark or len(numbers) + (order is not None and isinstance(value, str)) < 2:
        raise broken
    return Place(value, position)
